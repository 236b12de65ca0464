// The keyboard. Keys do nothing while somebody types, and with a modifier they are the browser's.
export function keys(acts) {
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { target, key } = event;
    if (document.querySelector("dialog[open]")) return;
    if (target.matches("textarea, select, input:not([type=range], [type=checkbox])")) return;
    if (key === " " && target.matches("button, summary, a, input")) return;
    if (key.startsWith("Arrow") && target.matches("#zoom, .transcript")) return;
    const act = acts[key.length === 1 ? key.toLowerCase() : key];
    if (!act) return;
    event.preventDefault();
    act();
  });
}

// The list of redactions: a real list, with the one before and the next.
export const redactions = [...document.querySelectorAll("#redactions button[data-start]")].map((node) => ({
  node,
  start: Number(node.dataset.start),
  end: Number(node.dataset.end),
  channel: Number(node.dataset.channel),
  entity: node.dataset.entity,
  name: node.dataset.name,
  muted: node.dataset.muted === "1",
}));

/** Let the list seek; return {next, previous, at, mutes}. */
export function list(seek) {
  for (const one of redactions) one.node.addEventListener("click", () => go(one));

  function go(one) {
    if (!one) return;
    // A moment before it, to hear what led there.
    seek(Math.max(0, one.start - 1));
    show(one);
  }

  function show(one) {
    for (const other of redactions) other.node.classList.toggle("on", other === one);
    // The list alone moves, never the page.
    const box = one.node.closest("ol");
    const [outer, inner] = [box.getBoundingClientRect(), one.node.getBoundingClientRect()];
    if (inner.top < outer.top || inner.bottom > outer.bottom) {
      box.scrollTop += inner.top - outer.top - outer.height / 3;
    }
  }

  return {
    next: (time) => go(redactions.find((one) => one.start - 1 > time + 0.05)),
    previous: (time) => go(redactions.findLast((one) => one.start - 1 < time - 0.7)),
    at(time) {
      const now = redactions.find((one) => one.start <= time && time < one.end);
      for (const one of redactions) one.node.classList.toggle("now", one === now);
    },
    mutes: redactions.filter((one) => one.muted).map((one) => [one.start, one.end]),
  };
}

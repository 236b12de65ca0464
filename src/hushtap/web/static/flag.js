// Flag a miss: drag over the waveform, or mark its ends from the keyboard; then send the form.
const MARKED = "color-mix(in srgb, #d64545 38%, transparent)";

export function flagging(ws, regions, now) {
  const form = document.getElementById("flag-form");
  if (!form) return { toggle() {}, mark() {} };
  const [button, wave] = [document.getElementById("mark"), document.getElementById("wave")];
  const field = (name) => document.getElementById(`flag-${name}`);
  let stop = null;
  let region = null;
  let side = 0;

  function show(start, end) {
    form.hidden = false;
    field("start").value = start.toFixed(2);
    field("end").value = end.toFixed(2);
  }

  function place(start, end) {
    off();
    region?.remove();
    const channelIdx = field("channel").length > 1 ? Number(field("channel").value) : undefined;
    region = regions.addRegion({ start, end, channelIdx, color: MARKED, drag: true, resize: true });
    show(start, end);
  }

  function off() {
    stop?.();
    stop = null;
    button.setAttribute("aria-pressed", "false");
    wave.classList.remove("marking");
    ws.setOptions({ dragToSeek: true });
  }

  function cancel() {
    off();
    region?.remove();
    region = null;
    form.hidden = true;
    form.reset();
  }

  function toggle() {
    if (stop || region) return cancel();
    form.hidden = false;
    ws.setOptions({ dragToSeek: false });
    stop = regions.enableDragSelection({ color: MARKED, drag: true, resize: true }, 2);
    button.setAttribute("aria-pressed", "true");
    wave.classList.add("marking");
    document.getElementById("player").scrollIntoView({ block: "nearest" });
    return undefined;
  }

  wave.addEventListener(
    "pointerdown",
    (event) => {
      const box = wave.getBoundingClientRect();
      side = event.clientY - box.top > box.height / 2 ? 1 : 0;
    },
    { capture: true },
  );
  regions.on("region-created", (made) => {
    if (!stop || made.content) return;
    const { start, end } = made;
    made.remove();
    if (field("channel").length > side) field("channel").value = String(side);
    place(start, end);
    field("entity").focus();
  });
  regions.on("region-updated", (changed) => {
    if (changed === region) show(changed.start, changed.end);
  });
  for (const name of ["start", "end", "channel"]) {
    field(name).addEventListener("change", () => {
      const [start, end] = [Number(field("start").value), Number(field("end").value)];
      if (end > start) place(start, end);
    });
  }
  button.addEventListener("click", toggle);
  field("cancel").addEventListener("click", cancel);
  form.addEventListener("submit", () => {
    field("send").disabled = true;
    field("send").textContent = "Muting…";
    // The old sound is not to be heard a moment longer.
    ws.pause();
  });

  return {
    toggle,
    cancel,
    mark(edge) {
      const time = now();
      const start = edge === "start" ? time : Number(field("start").value) || Math.max(0, time - 2);
      const end = edge === "end" ? time : Math.max(Number(field("end").value) || 0, time + 1);
      place(Math.min(start, end - 0.05), end);
    },
  };
}

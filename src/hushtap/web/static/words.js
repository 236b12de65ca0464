// The transcript: click to seek, and the word that is being said.
export function words(seek) {
  const box = document.getElementById("transcript");
  const follow = document.getElementById("follow");
  const all = [...box.querySelectorAll(".w")].map((node) => ({
    node,
    start: Number(node.dataset.start),
    end: Number(node.dataset.end),
  }));
  all.sort((a, b) => a.start - b.start);
  let said = [];

  box.addEventListener("click", (event) => {
    const hit = event.target.closest("[data-start]");
    if (hit) seek(Number(hit.dataset.start));
  });

  function firstAfter(time) {
    let [low, high] = [0, all.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (all[middle].start <= time) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  return function at(time, moved) {
    const until = firstAfter(time);
    // Both sides may talk at once; a masked stretch may be long.
    const now = all.slice(Math.max(0, until - 12), until).filter((one) => one.end > time);
    for (const one of said) if (!now.includes(one)) one.node.classList.remove("on");
    for (const one of now) one.node.classList.add("on");
    const first = now[0] ?? (moved ? all[Math.max(0, until - 1)] : undefined);
    if (first && follow.checked && (moved || first !== said[0])) {
      const [outer, inner] = [box.getBoundingClientRect(), first.node.getBoundingClientRect()];
      if (inner.top < outer.top + 40 || inner.bottom > outer.bottom - 60) {
        box.scrollTop += inner.top - outer.top - outer.height / 3;
      }
    }
    said = now;
  };
}

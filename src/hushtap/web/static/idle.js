// Leaves for the sign-in page when nobody is there: the server ends the session at the same time.
const idle = Number(document.body.dataset.idle) * 1000;
let timer = 0;

export function present() {
  clearTimeout(timer);
  timer = setTimeout(() => location.assign("/sign-in"), idle + 5000);
}

for (const name of ["pointerdown", "keydown", "visibilitychange"]) {
  addEventListener(name, present, { passive: true });
}
present();

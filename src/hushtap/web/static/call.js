// One call: the player and what goes with it, put together.
import { flagging } from "./flag.js";
import { present } from "./idle.js";
import { keys } from "./keys.js";
import { list, redactions } from "./redactions.js";
import { draw, silences } from "./wave.js";
import { words } from "./words.js";

const $ = (id) => document.getElementById(id);
const player = $("player");

function clock(seconds) {
  const whole = Math.floor(seconds);
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const tenths = Math.floor((seconds - whole) * 10);
  const rest = `${String(s).padStart(2, "0")}.${tenths}`;
  return h ? `${h}:${String(m).padStart(2, "0")}:${rest}` : `${m}:${rest}`;
}

const { ws, regions, peaks, duration } = await draw(player, redactions);
const quiet = silences(peaks, duration);
const now = () => ws.getCurrentTime();

function seek(time) {
  ws.setTime(Math.min(Math.max(0, time), duration));
  shown(true);
}

const say = words(seek);
const listed = list(seek);
const flag = flagging(ws, regions, now);

function shown(moved) {
  const time = now();
  $("now").textContent = clock(time);
  const slider = $("seek");
  slider.value = String(time);
  slider.setAttribute("aria-valuetext", `${clock(time)} of ${clock(duration)}`);
  say(time, moved === true);
  listed.at(time);
  const moment = $("comment-at");
  if (moment) moment.value = time.toFixed(1);
}

function skip() {
  const time = now();
  const ranges = [
    ...($("skip-silence").checked ? quiet : []),
    ...($("skip-mutes").checked ? listed.mutes : []),
  ];
  const inside = ranges.find(([start, end]) => start <= time && time < end - 0.15);
  if (inside) ws.setTime(inside[1] - 0.05);
}

function playing(on) {
  $("play").classList.toggle("playing", on);
  $("play").setAttribute("aria-label", on ? "Pause" : "Play");
}

function speed(step) {
  const select = $("speed");
  const at = Math.min(Math.max(0, select.selectedIndex + step), select.length - 1);
  select.selectedIndex = at;
  ws.setPlaybackRate(Number(select.value), true);
}

function zoom(step) {
  const slider = $("zoom");
  slider.value = String(Number(slider.value) + step);
  const fit = $("wave").clientWidth / duration;
  const share = Number(slider.value) / 100;
  // Each step is as much nearer as the one before; 200 pixels a second is as near as it gets.
  ws.zoom(share === 0 ? 0 : fit * (Math.max(2, 200 / fit) ** share));
}

async function copyLink() {
  const url = new URL(location.href);
  url.search = "";
  url.hash = `t=${now().toFixed(1)}`;
  history.replaceState(null, "", url);
  try {
    await navigator.clipboard.writeText(url.href);
    $("link").textContent = "Copied";
  } catch {
    $("link").textContent = "In the address bar";
  }
  setTimeout(() => ($("link").textContent = "Copy link"), 1500);
}

function toMoment() {
  const moment = /^#t=(\d+(?:\.\d+)?)$/.exec(location.hash);
  if (moment) seek(Number(moment[1]));
}

const toggle = (id) => () => $(id).click();
const play = () => ws.playPause();

ws.on("play", () => playing(true));
ws.on("pause", () => playing(false));
ws.on("finish", () => playing(false));
ws.on("timeupdate", shown);
ws.on("audioprocess", () => {
  skip();
  present();
});
ws.on("seeking", () => shown(true));
ws.on("error", () => {
  if ($("audio").error) player.classList.add("broken");
});

$("play").addEventListener("click", play);
$("back").addEventListener("click", () => seek(now() - 5));
$("on").addEventListener("click", () => seek(now() + 5));
$("next").addEventListener("click", () => listed.next(now()));
$("previous").addEventListener("click", () => listed.previous(now()));
$("speed").addEventListener("change", () => speed(0));
$("zoom").addEventListener("input", () => zoom(0));
$("seek").addEventListener("input", (event) => seek(Number(event.target.value)));
$("link").addEventListener("click", copyLink);
$("help").addEventListener("click", () => $("keys").showModal());
for (const node of document.querySelectorAll(".notes .at")) {
  node.addEventListener("click", () => seek(Number(node.dataset.start)));
}
addEventListener("hashchange", toMoment);

keys({
  " ": play,
  k: play,
  j: () => seek(now() - 15),
  l: () => seek(now() + 15),
  ArrowLeft: () => seek(now() - 5),
  ArrowRight: () => seek(now() + 5),
  n: () => listed.next(now()),
  p: () => listed.previous(now()),
  "<": () => speed(-1),
  ">": () => speed(1),
  s: toggle("skip-silence"),
  m: toggle("skip-mutes"),
  "+": () => zoom(10),
  "=": () => zoom(10),
  "-": () => zoom(-10),
  f: () => flag.toggle(),
  "[": () => flag.mark("start"),
  "]": () => flag.mark("end"),
  c: copyLink,
  "?": () => $("keys").showModal(),
  Escape: () => flag.cancel?.(),
});

ws.once("ready", () => {
  toMoment();
  shown(true);
  player.dataset.ready = "1";
});

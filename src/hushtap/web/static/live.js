// A call that is up: its sound as it comes, played by WebAudio at the place that each piece names.
import { present } from "./idle.js";

const page = document.getElementById("live");
const at = (name) => document.getElementById(`live-${name}`);
// Seconds in hand before the first piece is played: networks stumble.
const LEAD = 0.4;
let playing = null;

function say(text, mark) {
  at("state").textContent = text;
  at("state").className = `mark ${mark || ""}`;
}

function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

// Yields what the desk sends: four bytes of length, then so many bytes; nothing at the end.
async function* messages(reader) {
  let held = new Uint8Array(0);
  for (;;) {
    while (held.length >= 4) {
      const length = new DataView(held.buffer, held.byteOffset).getUint32(0, true);
      if (held.length < 4 + length) break;
      yield held.slice(4, 4 + length);
      held = held.subarray(4 + length);
    }
    const { done, value } = await reader.read();
    if (done) return;
    const joined = new Uint8Array(held.length + value.length);
    joined.set(held);
    joined.set(value, held.length);
    held = joined;
  }
}

function player(rate, channels, delay) {
  const context = new AudioContext();
  const gain = context.createGain();
  const split = context.createChannelSplitter(channels);
  const meters = Array.from({ length: channels }, (_, side) => {
    const node = context.createAnalyser();
    node.fftSize = 1024;
    split.connect(node, side);
    return node;
  });
  gain.connect(split);
  gain.connect(context.destination);
  const buffer = new Float32Array(1024);
  let [zero, newest, first, timer] = [null, 0, 0, 0];

  function take(message) {
    const view = new DataView(message.buffer, message.byteOffset);
    const start = Number(view.getBigUint64(0, true));
    const frames = (message.length - 8) / 2 / channels;
    const piece = context.createBuffer(channels, frames, rate);
    for (let side = 0; side < channels; side += 1) {
      const to = piece.getChannelData(side);
      for (let n = 0; n < frames; n += 1) {
        to[n] = view.getInt16(8 + 2 * (n * channels + side), true) / 32768;
      }
    }
    if (zero === null) {
      first = start;
      zero = context.currentTime + LEAD - start / rate;
    }
    // What comes late moves all that follows: nothing is skipped, and the line below says so.
    if (zero + start / rate < context.currentTime) zero = context.currentTime + LEAD / 2 - start / rate;
    const source = context.createBufferSource();
    source.buffer = piece;
    source.connect(gain);
    source.start(zero + start / rate);
    newest = start + frames;
  }

  function show() {
    meters.forEach((node, side) => {
      node.getFloatTimeDomainData(buffer);
      const loud = buffer.reduce((most, one) => Math.max(most, Math.abs(one)), 0);
      document.getElementById(`meter-${side}`).value = loud;
    });
    if (zero !== null) {
      const now = context.currentTime - zero;
      const here = Math.max(0, newest / rate - now);
      at("clock").textContent = clock(now - first / rate);
      at("delay").textContent =
        `You hear what was spoken about ${(delay + here).toFixed(1)} seconds ago: ` +
        `${delay} by the gateway's setting, ${here.toFixed(1)} held here, and the network's own.`;
    }
    timer = requestAnimationFrame(show);
  }

  show();
  return {
    context,
    take,
    rest: () => (zero === null ? 0 : Math.max(0, zero + newest / rate - context.currentTime)),
    close() {
      cancelAnimationFrame(timer);
      for (let side = 0; side < channels; side += 1) document.getElementById(`meter-${side}`).value = 0;
      return context.close();
    },
  };
}

async function start() {
  const stop = new AbortController();
  playing = stop;
  at("start").disabled = true;
  at("stop").disabled = false;
  say("connecting");
  let [sound, ended, text] = [null, false, ""];
  try {
    const answer = await fetch(page.dataset.sound, { signal: stop.signal, cache: "no-store" });
    if (!answer.ok) throw new Error(await answer.text());
    const given = (name) => Number(answer.headers.get(`x-${name}`));
    sound = player(given("rate"), given("channels"), given("delay"));
    say("listening", "open");
    for await (const message of messages(answer.body.getReader())) {
      ended = message.length === 0;
      if (ended) break;
      sound.take(message);
      present();
    }
    // The last of it is still to be heard.
    if (ended) await new Promise((done) => setTimeout(done, 1000 * sound.rest()));
    text = ended ? "the call has ended" : "the connection ended";
  } catch (error) {
    text = stop.signal.aborted ? "stopped" : error.message || "no connection";
  }
  await sound?.close();
  if (playing === stop) playing = null;
  at("start").disabled = false;
  at("stop").disabled = true;
  say(text, ended || stop.signal.aborted ? "" : "interrupted");
}

at("start").addEventListener("click", start);
at("stop").addEventListener("click", () => playing?.abort());
addEventListener("pagehide", () => playing?.abort());

// The waveform: drawn by wavesurfer.js from peaks that the server made; sound by ranges as it plays.
import WaveSurfer from "./vendor/wavesurfer.esm.js";
import Regions from "./vendor/regions.esm.js";

const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

async function peaksOf(url) {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`waveform: ${answer.status}`);
  const channels = Number(answer.headers.get("x-channels"));
  const bytes = new Uint8Array(await answer.arrayBuffer());
  const size = bytes.length / channels;
  return Array.from({ length: channels }, (_, at) =>
    Float32Array.from(bytes.subarray(at * size, (at + 1) * size), (value) => value / 255),
  );
}

/** Draw the call of `player`; return {ws, regions, peaks, duration}. */
export async function draw(player, redactions) {
  const { audio, waveform, duration, channels, nonce } = player.dataset;
  const peaks = await peaksOf(waveform);
  const regions = Regions.create();
  const lane = matchMedia("(max-width: 640px)").matches ? 48 : 68;
  const ws = WaveSurfer.create({
    container: "#wave",
    media: document.getElementById("audio"),
    url: audio,
    peaks,
    duration: Number(duration),
    height: lane,
    // A quiet call is to be seen as well; the scale is that of the call, not of each side.
    maxPeak: Math.max(0.08, ...peaks.map((one) => one.reduce((a, b) => Math.max(a, b), 0))),
    normalize: true,
    splitChannels: Array.from({ length: Number(channels) }, (_, at) => ({
      height: lane,
      waveColor: css(`--side-${at}-wave`),
      progressColor: css(`--side-${at}`),
    })),
    cursorColor: css("--cursor"),
    cursorWidth: 2,
    barWidth: 2,
    barGap: 1,
    barRadius: 2,
    dragToSeek: true,
    cspNonce: nonce,
    plugins: [regions],
  });
  const shade = () => {
    for (const one of redactions) {
      const label = document.createElement("span");
      label.textContent = one.name;
      label.title = one.name;
      label.className = "region-name";
      label.style.cssText =
        "display:block;font:600 10px/1.3 system-ui,sans-serif;padding:1px 4px;white-space:nowrap;" +
        "overflow:hidden;text-overflow:ellipsis;pointer-events:none;";
      label.style.color = css("--ink");
      regions.addRegion({
        start: one.start,
        end: one.end,
        channelIdx: Number(channels) > 1 ? one.channel : undefined,
        content: label,
        color: `color-mix(in srgb, ${css(`--${one.entity}`) || css("--UNHEARD")} 30%, transparent)`,
        drag: false,
        resize: false,
      });
    }
  };
  ws.once("ready", shade);
  return { ws, regions, peaks, duration: Number(duration) };
}

/** Return [start, end] in seconds of where no side says anything for longer than a breath. */
export function silences(peaks, duration) {
  const size = peaks[0].length;
  const step = duration / size;
  const found = [];
  let begun = -1;
  for (let at = 0; at <= size; at += 1) {
    const quiet = at < size && peaks.every((one) => one[at] < 0.02);
    if (quiet && begun < 0) begun = at;
    if (!quiet && begun >= 0) {
      const [start, end] = [begun * step + 0.35, at * step - 0.2];
      if (end - start > 0.6) found.push([start, end]);
      begun = -1;
    }
  }
  return found;
}

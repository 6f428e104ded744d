/* Parts of the page. Texts of others are only ever texts: nothing here takes HTML. */

export const byId = (id) => document.getElementById(id);

export const meta = (name) => document.querySelector(`meta[name="${name}"]`).content;

export function element(name, className, text) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

/* A text of somebody else within one of ours. What changes the direction of writing ends with it. */
export function isolated(text) {
  return element('bdi', '', text);
}

/* Characters that are not seen, or that change the direction of what follows. */
const UNSEEN = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/* Fills a choice. It stays on what was chosen, if that is still there. */
export function fill(select, options) {
  const before = select.value;
  select.replaceChildren(...options.map(({ value, text }) => new Option(text.replace(UNSEEN, '\ufffd'), value)));
  if (options.some(({ value }) => value === before)) select.value = before;
}

/* Shows a text, or hides where it would be. */
export function show(place, text) {
  place.textContent = text || '';
  place.hidden = !text;
}

export function size(bytes) {
  if (bytes < 1000) return `${bytes} bytes`;
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

export function duration(seconds) {
  if (seconds < 60) return `${Math.max(0, Math.round(seconds))} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

export const time = (seconds) => new Date(seconds * 1000).toLocaleString();

/* A number with three digits that say something. */
export const number = (value) => String(Number(value.toPrecision(3)));

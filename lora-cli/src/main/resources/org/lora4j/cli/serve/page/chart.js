/* Small pictures in SVG, made of elements. */
import { element, number } from './dom.js';

const SVG = 'http://www.w3.org/2000/svg';
const HEIGHT = 220;
const LEFT = 60;
const RIGHT = 12;
const TOP = 12;
const BOTTOM = 28;
const MOST_POINTS = 240;

function draw(name, attributes, text) {
  const made = document.createElementNS(SVG, name);
  for (const [attribute, value] of Object.entries(attributes)) made.setAttribute(attribute, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

function picture(width, height, label) {
  return draw('svg', { viewBox: `0 0 ${width} ${height}`, width, height, role: 'img', 'aria-label': label });
}

/* The mean of each group of neighbours, so that a long training is a line that can be seen. */
function thinned(points) {
  const group = Math.ceil(points.length / MOST_POINTS);
  const mean = (some, part) => some.reduce((sum, each) => sum + each[part], 0) / some.length;
  const found = [];
  for (let from = 0; from < points.length; from += group) {
    const some = points.slice(from, from + group);
    found.push([mean(some, 0), mean(some, 1)]);
  }
  return found;
}

/* Loss by step. train and valid: lists of [step, loss] in the order of the steps. */
export function losses(place, train, valid, steps) {
  if (train.length === 0) {
    place.replaceChildren(element('p', 'note', 'No step was taken yet.'));
    return;
  }
  const width = Math.max(280, place.clientWidth);
  const last = steps || train[train.length - 1][0];
  const lines = [{ name: 'training', points: thinned(train) }, { name: 'validation', points: valid }]
    .filter(({ points }) => points.length > 0);
  const values = lines.flatMap(({ points }) => points.map(([, loss]) => loss));
  const low = Math.min(0, ...values);
  const high = Math.max(...values, low + 1e-6);
  const x = (step) => LEFT + (step / last) * (width - LEFT - RIGHT);
  const y = (loss) => TOP + ((high - loss) / (high - low)) * (HEIGHT - TOP - BOTTOM);
  const ends = [['training', train], ['validation', valid]].filter(([, points]) => points.length > 0)
    .map(([name, points]) => `${name} loss ${number(points[points.length - 1][1])} at step ${points[points.length - 1][0]}`);
  const svg = picture(width, HEIGHT, ends.join(', '));
  svg.classList.add('chart');
  for (const part of [0, 0.5, 1]) {
    const loss = low + part * (high - low);
    svg.append(
      draw('line', { x1: LEFT, x2: width - RIGHT, y1: y(loss), y2: y(loss), class: 'grid' }),
      draw('text', { x: LEFT - 6, y: y(loss) + 4, 'text-anchor': 'end' }, number(loss)),
    );
  }
  svg.append(
    draw('text', { x: LEFT, y: HEIGHT - 8 }, '0'),
    draw('text', { x: width - RIGHT, y: HEIGHT - 8, 'text-anchor': 'end' }, `step ${last}`),
  );
  for (const { name, points } of lines) {
    svg.append(draw('polyline', { points: points.map(([step, loss]) => `${x(step)},${y(loss)}`).join(' '), class: name }));
    if (name === 'validation') {
      for (const [step, loss] of points) svg.append(draw('circle', { cx: x(step), cy: y(loss), r: 3, class: 'dot' }));
    }
  }
  const legend = element('p', 'note');
  for (const [name, points] of [['training', train], ['validation', valid]]) {
    if (points.length === 0) continue;
    legend.append(element('span', `key ${name}`), `${name}: ${number(points[points.length - 1][1])}  `);
  }
  place.replaceChildren(svg, legend);
}

/* An interval beside zero. */
export function interval(width, { low, high, value }) {
  const reach = Math.max(Math.abs(low), Math.abs(high), Math.abs(value), 1e-9) * 1.1;
  const x = (at) => ((at + reach) / (2 * reach)) * width;
  const svg = picture(width, 24, `better by ${number(value)}, from ${number(low)} to ${number(high)}`);
  svg.classList.add('interval');
  svg.append(
    draw('line', { x1: 0, x2: width, y1: 12, y2: 12, class: 'grid' }),
    draw('line', { x1: x(0), x2: x(0), y1: 2, y2: 22, class: 'zero' }),
    draw('line', { x1: x(low), x2: x(high), y1: 12, y2: 12, class: 'range' }),
    draw('circle', { cx: x(value), cy: 12, r: 4, class: 'dot' }),
  );
  return svg;
}

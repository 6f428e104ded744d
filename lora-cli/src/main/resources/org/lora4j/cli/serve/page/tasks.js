/* What an adapter does, as the list of the models says. Each kind asks one adapter and shows its answer on a side of its own. */
import { element, meta } from './dom.js';
import { events, get, post, send } from './server.js';

const paths = meta('lora-paths').split(' ');

const kinds = [
  { task: 'generate', path: '/v1/chat/completions', label: 'Message', ask: chat, settings: true, system: true },
  { task: 'generate', path: '/v1/completions', label: 'Text to continue', ask: complete, settings: true },
  { task: 'classify', path: '/v1/classify', label: 'Text', ask: classify },
  { task: 'tag', path: '/v1/tag', label: 'Text', ask: tag },
  { task: 'rerank', path: '/v1/rerank', label: 'Documents, one in each line', ask: rerank, query: true },
  {
    task: 'embed',
    path: '/v1/embeddings',
    label: 'Texts, one in each line; the first is compared with the others',
    ask: embed,
  },
];

export const firstKind = kinds.find((each) => paths.includes(each.path));

/* How adapters of a task are asked on this server; nothing if they cannot be. */
export const kindOf = (task) => kinds.find((each) => each.task === task && paths.includes(each.path));

/* What can be asked, by its name. */
export async function models(signal) {
  const { data } = await get('/v1/models', signal);
  return new Map(data.map((each) => [each.id, each]));
}

/* The names of those that answer like one of them: a number is not compared with classes. */
export function alike(known, name) {
  const one = known.get(name);
  return [...known.values()].filter((each) => each.task === one?.task && each.problem_type === one?.problem_type)
    .map((each) => each.id);
}

/*
 * Asks several adapters the same, each on a side of its own.
 * asked: text, query, signal, sampling (temperature and max_tokens), system, and conversations: what was said before to each
 */
export async function askAll(kind, names, asked, place) {
  place.appendChild(element('div', 'question', kind.query ? `${asked.query}\n${asked.text}` : asked.text));
  const sides = place.appendChild(element('div', 'sides'));
  await Promise.all(names.map(async (model) => {
    const side = sides.appendChild(element('section', 'side'));
    side.appendChild(element('h3', '', model));
    try {
      await kind.ask(model, asked, side);
    } catch (e) {
      side.appendChild(element('p', 'fault', e.name === 'AbortError' ? 'stopped' : e.message));
    }
  }));
}

async function stream(path, body, side, asked, textOf) {
  const shown = side.appendChild(element('p'));
  let end = '';
  const begin = performance.now();
  let pieces = 0;
  const all = { ...body, stream: true, ...asked.sampling };
  await events(await send('POST', path, { body: all, signal: asked.signal }), (data) => {
    const choice = data.choices[0];
    if (!choice) return;
    const text = textOf(choice);
    if (text) {
      pieces += 1;
      shown.textContent += text;
    }
    end = choice.finish_reason || end;
  });
  const seconds = (performance.now() - begin) / 1000;
  const why = end === 'length' ? '; cut at the most tokens' : '';
  side.appendChild(element('p', 'note', `${seconds.toFixed(1)} s, ${(pieces / seconds).toFixed(0)} pieces a second${why}`));
  return shown.textContent;
}

/* A comparison goes on with its own answers. */
async function chat(model, asked, side) {
  const said = [...(asked.conversations.get(model) || []), { role: 'user', content: asked.text }];
  const messages = asked.system ? [{ role: 'system', content: asked.system }, ...said] : said;
  const answer = await stream(this.path, { model, messages }, side, asked, (choice) => choice.delta.content);
  asked.conversations.set(model, [...said, { role: 'assistant', content: answer }]);
}

async function complete(model, asked, side) {
  await stream(this.path, { model, prompt: asked.text }, side, asked, (choice) => choice.text);
}

function scores(side, all) {
  const list = side.appendChild(element('ol'));
  for (const { name, value } of all) {
    const item = list.appendChild(element('li', 'score'));
    item.appendChild(element('span', '', name));
    item.appendChild(element('span', '', value.toFixed(4)));
    const meter = item.appendChild(element('meter'));
    meter.value = Math.max(0, value);
  }
}

const descending = (one, other) => other.value - one.value;

async function classify(model, asked, side) {
  const found = await post(this.path, { model, input: asked.text }, asked.signal);
  const { probs, values, labels } = found.data[0];
  if (values) {
    found.labels.forEach((name, i) => side.appendChild(element('p', '', `${name}: ${values[i].toFixed(4)}`)));
    return;
  }
  if (labels) {
    side.appendChild(element('p', '', labels.length ? labels.join(', ') : 'no label'));
  }
  scores(side, found.labels.map((name, i) => ({ name, value: probs[i] })).sort(descending));
}

/* The offsets of JavaScript are those of UTF-16. */
async function tag(model, asked, side) {
  const found = await post(this.path, { model, input: asked.text, offsets: 'utf16' }, asked.signal);
  const { spans } = found.data[0];
  const shown = side.appendChild(element('p'));
  let at = 0;
  for (const span of spans) {
    shown.appendChild(document.createTextNode(asked.text.slice(at, span.start)));
    const mark = shown.appendChild(element('mark', '', asked.text.slice(span.start, span.end)));
    mark.title = `${span.label} ${span.score.toFixed(4)}`;
    at = span.end;
  }
  shown.appendChild(document.createTextNode(asked.text.slice(at)));
  scores(side, spans.map((span) => ({ name: `${span.text}: ${span.label}`, value: span.score })));
}

const lines = (text) => text.split('\n').map((line) => line.trim()).filter((line) => line);

async function rerank(model, asked, side) {
  const documents = lines(asked.text);
  const found = await post(this.path, { model, query: asked.query, documents }, asked.signal);
  scores(side, found.results.map((each) => ({ name: documents[each.index], value: each.relevance_score })));
}

async function embed(model, asked, side) {
  const texts = lines(asked.text);
  const found = await post(this.path, { model, input: texts }, asked.signal);
  const vectors = found.data.map((each) => each.embedding);
  const dot = (a, b) => a.reduce((sum, x, i) => sum + x * b[i], 0);
  const cosine = (a, b) => dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
  if (texts.length < 2) {
    side.appendChild(element('p', 'note', `${vectors[0].length} numbers; give a second line to compare with`));
    return;
  }
  scores(side, texts.slice(1).map((name, i) => ({ name, value: cosine(vectors[0], vectors[i + 1]) })).sort(descending));
}

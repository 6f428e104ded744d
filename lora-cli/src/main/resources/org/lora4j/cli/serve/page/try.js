/* The view in which people try an adapter, or compare two of them. */
import { byId, fill, show } from './dom.js';
import { alike, askAll, firstKind, kindOf, models } from './tasks.js';

/* The messages of each adapter. A name such as constructor is a name like others. */
const conversations = new Map();
let known = new Map();
let kind = firstKind;
let running = null;

async function ask(event) {
  event.preventDefault();
  const text = byId('text').value;
  if (!text.trim() || running) return;
  const names = [...new Set([byId('first').value, byId('second').value])].filter((each) => each);
  running = new AbortController();
  busy(true);
  if (kind.system) byId('text').value = '';
  await askAll(kind, names, {
    text,
    query: byId('query').value,
    signal: running.signal,
    sampling: { temperature: Number(byId('temperature').value), max_tokens: Number(byId('tokens').value) },
    system: byId('system').value,
    conversations,
  }, byId('answers'));
  running = null;
  busy(false);
  byId('ask').scrollIntoView({ block: 'end' });
}

function busy(is) {
  byId('send').disabled = is;
  byId('stop').disabled = !is;
}

function clear() {
  if (running) running.abort();
  conversations.clear();
  byId('answers').replaceChildren();
}

/* Shows the form for the chosen adapter, and what it can be compared with: adapters that answer alike. */
function choose() {
  const first = byId('first').value;
  kind = kindOf(known.get(first)?.task) || kind;
  fill(byId('second'), ['', ...alike(known, first)].map((name) => ({ value: name, text: name || 'none' })));
  byId('text-label').textContent = kind.label;
  byId('settings').hidden = !kind.settings;
  byId('system').parentElement.hidden = !kind.system;
  byId('query-label').hidden = !kind.query;
  byId('query').required = Boolean(kind.query);
}

/* Opens the view. */
export async function open(signal) {
  show(byId('error'), '');
  try {
    known = await models(signal);
    fill(byId('first'), [...known.keys()].map((name) => ({ value: name, text: name })));
    choose();
    if (known.size === 0) throw new Error('there is no adapter yet');
  } catch (e) {
    if (!signal.aborted) show(byId('error'), e.message);
  }
}

choose();
byId('first').addEventListener('change', choose);
byId('choice').addEventListener('submit', (event) => event.preventDefault());
byId('ask').addEventListener('submit', ask);
byId('stop').addEventListener('click', () => running && running.abort());
byId('clear').addEventListener('click', clear);
byId('text').addEventListener('keydown', (event) => {
  if (!kind.system || event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  byId('ask').requestSubmit();
});

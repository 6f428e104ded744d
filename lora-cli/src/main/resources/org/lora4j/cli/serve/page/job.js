/* The view of one training: where it is, how it goes, what it is worth, and what becomes of it. */
import { interval, losses } from './chart.js';
import { byId, duration, element, fill, isolated, number, show, time } from './dom.js';
import { methodName, showState, title } from './jobs.js';
import { events, get, jobPath, pause, post, send } from './server.js';
import { alike, askAll, kindOf, models } from './tasks.js';

const ENDS = ['succeeded', 'failed', 'cancelled'];
const LOOK_EVERY = 2000;
const LOOK_LATER = 5000;
const AGAIN_AFTER = 3000;
const PAGE = 1000;
const MOST_PAGES = 20;
const MOST_EVENTS = 100;
const SAMPLING = { temperature: 0, max_tokens: 200 };

/* What the server says of a name that no training can have. */
const UNKNOWN = [400, 404];

/* What is known of the training that is shown. */
let shown = null;

class Shown {
  constructor(id, signal) {
    this.id = id;
    this.path = jobPath(id);
    this.signal = signal;
    this.job = null;
    this.train = new Map();
    this.valid = new Map();
    this.steps = 0;
    this.messages = [];
    this.last = '';
    this.kind = null;
  }

  get hasEnded() {
    return this.job !== null && ENDS.includes(this.job.status);
  }

  /* A step that was computed again after a restart replaces what was known of it. */
  add(event) {
    this.last = event.id;
    const { data } = event;
    if (!data) {
      this.messages.unshift(event);
      this.messages.length = Math.min(this.messages.length, MOST_EVENTS);
      return;
    }
    this.steps = data.total_steps;
    this.train.set(data.step, data.train_loss);
    if (data.valid_loss !== undefined) this.valid.set(data.step, data.valid_loss);
  }
}

const points = (losses) => [...losses].sort(([one], [other]) => one - other);

function drawLosses(of) {
  losses(byId('job-chart'), points(of.train), points(of.valid), of.steps);
  const step = Math.max(0, ...of.train.keys());
  byId('job-progress').max = of.steps || 1;
  byId('job-progress').value = step;
}

function showEvents(of) {
  byId('job-events').replaceChildren(...of.messages.map((event) => {
    const item = element('li', event.level === 'info' ? '' : event.level);
    item.append(element('span', 'note', time(event.created_at)), element('span', '', event.message));
    return item;
  }));
}

/* Many events come at once; they are drawn once. */
function redraw(of) {
  if (of.isDue) return;
  of.isDue = true;
  requestAnimationFrame(() => {
    of.isDue = false;
    if (of !== shown) return;
    drawLosses(of);
    showEvents(of);
  });
}

/* What happened before, as far as it fits. */
async function before(of) {
  const pages = [];
  let after = '';
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const { data, has_more: hasMore } = await get(`${of.path}/events?limit=${PAGE}${after}`, of.signal);
    pages.push(...data);
    if (!hasMore) break;
    after = `&after=${encodeURIComponent(data[data.length - 1].id)}`;
  }
  pages.reverse().forEach((event) => of.add(event));
  redraw(of);
}

/* What happens from now on. A stream ends after a while, and with the server; the next one goes on behind the last event. */
async function follow(of) {
  let isWhole = false;
  while (!isWhole && !of.signal.aborted) {
    try {
      if (of.last === '') await before(of);
      const query = `stream=true&after=${encodeURIComponent(of.last)}`;
      isWhole = await events(await send('GET', `${of.path}/events?${query}`, { signal: of.signal }), (event) => {
        of.add(event);
        redraw(of);
      });
    } catch (e) {
      if (UNKNOWN.includes(e.status)) return;
      await pause(AGAIN_AFTER, of.signal);
    }
  }
}

/* The clock of this computer may be another one than that of the server. */
function left(job, now) {
  if (job.status === 'running' && job.estimated_finish) {
    return `about ${duration(job.estimated_finish - now)} left`;
  }
  return job.finished_at ? `ended ${time(job.finished_at)}` : '';
}

const CHANGES = [
  { name: 'pause', text: 'Pause', when: (job) => ['queued', 'running', 'validating_files'].includes(job.status) },
  { name: 'resume', text: 'Go on', when: (job) => job.status === 'paused' },
  { name: 'cancel', text: 'Stop', when: (job) => !ENDS.includes(job.status), ask: 'Stop this training? It cannot go on later.' },
  {
    name: 'promote',
    text: 'Take it',
    when: (job) => job.status === 'succeeded' && job.serve_as && !job.promoted,
    main: true,
  },
  { name: 'rollback', text: 'Roll it back', when: (job) => job.promoted },
];

async function change(of, { name, ask }) {
  if (ask && !window.confirm(ask)) return;
  try {
    await post(`${of.path}/${name}`);
    show(byId('job-fault'), '');
  } catch (e) {
    show(byId('job-fault'), e.message);
  }
  await look(of);
}

function showChanges(of) {
  const wanted = CHANGES.filter(({ when }) => when(of.job));
  const place = byId('job-changes');
  const now = wanted.map(({ name }) => name).join(' ');
  if (place.dataset.shown === now) return;
  const had = place.contains(document.activeElement);
  place.dataset.shown = now;
  place.replaceChildren(...wanted.map((each) => {
    const button = element('button', each.main ? 'main' : '', each.text);
    button.type = 'button';
    button.addEventListener('click', () => change(of, each));
    return button;
  }));
  if (had) (place.firstElementChild || byId('job-title')).focus();
}

/* What the interval says. */
function inWords({ better_by: by, low, high }) {
  if (low > 0) return `Better by ${number(by)} (95 %: ${number(low)} to ${number(high)})`;
  if (high < 0) return `Worse by ${number(-by)} (95 %: ${number(-high)} to ${number(-low)})`;
  return `No clear difference: ${number(by)} (95 %: ${number(low)} to ${number(high)})`;
}

function verdict(one) {
  const part = element('section', 'verdict');
  part.appendChild(element('h3', '', `${one.metric}, on ${one.rows} rows`));
  const numbers = part.appendChild(element('dl'));
  for (const [name, value] of [['the result', one.adapter], [one.with, one.other]]) {
    numbers.append(element('dt', '', name), element('dd', '', number(value)));
  }
  part.appendChild(element('p', '', inWords(one)));
  part.appendChild(interval(260, { low: one.low, high: one.high, value: one.better_by }));
  return part;
}

function showVerdict(job) {
  const place = byId('job-verdict');
  const now = JSON.stringify([job.status, job.comparisons, job.promoted]);
  if (place.dataset.shown === now) return;
  place.dataset.shown = now;
  place.replaceChildren(...job.comparisons.map(verdict));
  if (job.status !== 'succeeded') return;
  const served = element('p');
  served.append('The result is served as ', isolated(job.fine_tuned_model));
  if (job.serve_as) {
    served.append(job.promoted ? ' and has the name ' : ' and does not have the name ', isolated(job.serve_as));
  }
  served.append('.');
  place.prepend(served);
  if (!job.comparisons.length) {
    place.append(element('p', 'note', 'Nothing was compared, because no rows judge.'));
  }
}

function showFacts(job) {
  const facts = [
    ['Job', job.id],
    ['Method', methodName(job.method.type)],
    ['Model', job.model],
    ['Begun', time(job.created_at)],
    ['Seed', job.seed],
    ...Object.entries(job.hyperparameters),
    ...Object.entries(job.metadata),
  ];
  byId('job-facts').replaceChildren(
    ...facts.flatMap(([name, value]) => [element('dt', '', name), element('dd', '', String(value))]));
}

/* What the result can be compared with: the model alone, if it does the same, or what has the name, and other adapters that do. */
async function offerToAsk(of) {
  const { job } = of;
  if (job.status !== 'succeeded' || of.kind) return;
  const known = await models(of.signal);
  of.kind = kindOf(known.get(job.fine_tuned_model)?.task);
  if (!of.kind) return;
  const others = alike(known, job.fine_tuned_model).filter((name) => name !== job.fine_tuned_model);
  const first = [job.model, job.promoted ? '' : job.serve_as].filter((name) => others.includes(name));
  // What has the name may be the result itself, which is the last thing to compare it with.
  const names = [...new Set([...first, ...others.filter((name) => name !== job.serve_as), '', ...others])];
  fill(byId('other'), names.map((name) => ({ value: name, text: name || 'nothing' })));
  byId('other').selectedIndex = 0;
  show(byId('beside-note'), others.includes(job.model) ? ''
    : `The model alone, ${job.model}, is not among them: it does something else, or it is not served.`);
  byId('beside-label').textContent = of.kind.label;
  byId('beside-query-label').hidden = !of.kind.query;
  byId('job-ask').hidden = false;
}

async function askBoth(event) {
  event.preventDefault();
  const of = shown;
  const text = byId('beside-text').value;
  if (!of?.kind || !text.trim() || of.isAsking) return;
  of.isAsking = true;
  const names = [byId('other').value, of.job.fine_tuned_model].filter((each) => each);
  const asked = {
    text,
    query: byId('beside-query').value,
    signal: of.signal,
    sampling: SAMPLING,
    system: '',
    conversations: new Map(),
  };
  const place = byId('beside-answers');
  place.replaceChildren();
  await askAll(of.kind, names, asked, place);
  of.isAsking = false;
}

async function look(of) {
  const response = await send('GET', of.path, { signal: of.signal });
  const job = await response.json();
  if (of !== shown) return;
  of.job = job;
  byId('job-title').replaceChildren(isolated(title(job)));
  if (byId('job-state').dataset.state !== job.status) showState(byId('job-state'), job);
  byId('job-left').textContent = left(job, Date.parse(response.headers.get('Date')) / 1000 || Date.now() / 1000);
  byId('job-progress').hidden = !['running', 'paused', 'queued'].includes(job.status);
  if (job.error) show(byId('job-fault'), job.error.message);
  showChanges(of);
  showVerdict(job);
  showFacts(job);
  await offerToAsk(of);
}

function clear() {
  for (const id of ['job-title', 'job-state', 'job-changes', 'job-verdict', 'job-chart', 'job-events', 'job-facts',
    'beside-answers', 'job-left']) {
    const place = byId(id);
    place.replaceChildren();
    delete place.dataset.shown;
    delete place.dataset.state;
  }
  show(byId('job-fault'), '');
  byId('job-ask').hidden = true;
  byId('job-progress').hidden = true;
}

/* Opens the view. */
export async function open(id, signal) {
  clear();
  const of = new Shown(id, signal);
  shown = of;
  byId('job-title').focus();
  const followed = follow(of);
  while (!signal.aborted && !of.isUnknown) {
    try {
      await look(of);
      show(byId('error'), '');
    } catch (e) {
      if (signal.aborted) return;
      of.isUnknown = UNKNOWN.includes(e.status);
      byId('job').hidden = of.isUnknown;
      show(byId('error'), e.message);
    }
    await pause(of.hasEnded ? LOOK_LATER : LOOK_EVERY, signal);
  }
  await followed;
}

byId('beside').addEventListener('submit', askBoth);
window.addEventListener('resize', () => shown && !byId('job').hidden && redraw(shown));

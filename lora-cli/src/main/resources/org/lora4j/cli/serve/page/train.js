/* The view in which a training begins, with the list of all. */
import { check, showCheck } from './check.js';
import { byId, element, fill, show } from './dom.js';
import { columns, list as listJobs, listMore, methodName } from './jobs.js';
import { files, Rows } from './rows.js';
import { jobs, post, repeat } from './server.js';

const MEMORY = 'lora-train';
const LISTED_EVERY = 3000;
const training = new Rows(byId('training'), false, changed);
const validation = new Rows(byId('validation'), true, changed);
const fields = ['method', 'serve-as', 'promote', 'epochs'];
let base = '';
let checking = new AbortController();
let isGood = false;

/* Says what the server trains, and how. */
export function use(server) {
  base = server.model;
  fill(byId('method'), server.methods.map((method) => ({ value: method, text: methodName(method) })));
}

/* What was chosen in this tab is still chosen after the page was loaded again. */
function remember() {
  const kept = Object.fromEntries(fields.map((id) => [id, byId(id).value]));
  try {
    sessionStorage.setItem(MEMORY, JSON.stringify({ ...kept, training: training.id, validation: validation.id }));
  } catch (e) { /* the browser keeps nothing */ }
}

function recall() {
  try {
    const kept = JSON.parse(sessionStorage.getItem(MEMORY) || '{}');
    for (const [id, value] of Object.entries(kept)) {
      const field = fields.includes(id) && byId(id);
      const isThere = field && (!field.options || [...field.options].some((option) => option.value === value));
      if (isThere) field.value = value;
    }
    training.choose(kept.training);
    validation.choose(kept.validation);
  } catch (e) { /* nothing was chosen */ }
}

async function list(signal) {
  const found = await files(signal);
  training.list(found);
  validation.list(found);
}

/* Another file or method: the rows are checked again. A file that was uploaded is chosen. */
async function changed(rows, uploaded) {
  if (uploaded) {
    await list();
    rows.choose(uploaded);
  }
  remember();
  await checkRows();
}

function asked() {
  const body = { model: base, training_file: training.id, method: { type: byId('method').value } };
  if (validation.id) body.validation_file = validation.id;
  return body;
}

async function checkRows() {
  checking.abort();
  checking = new AbortController();
  const { signal } = checking;
  const place = byId('checked');
  isGood = false;
  showForm();
  if (!training.id) {
    place.replaceChildren();
    return;
  }
  place.replaceChildren(element('p', 'note', 'The server reads the rows …'));
  place.setAttribute('aria-busy', 'true');
  try {
    const found = await check(asked(), signal);
    showCheck(found, place);
    isGood = found.ok;
  } catch (e) {
    if (signal.aborted) return;
    place.replaceChildren(element('p', 'fault', e.message));
  }
  place.removeAttribute('aria-busy');
  showForm();
}

function showForm() {
  byId('columns').textContent = `Each row has ${columns(byId('method').value)}.`;
  const hasName = byId('serve-as').value.trim() !== '';
  byId('promote').disabled = !hasName;
  byId('start').disabled = !isGood;
  byId('start-note').textContent = isGood ? '' : training.id ? 'The rows must be good first.' : 'Choose rows first.';
  const isCompared = hasName && byId('promote').value === 'if_better';
  show(byId('promote-note'), isCompared && !validation.id
    ? 'Without rows that judge nothing is compared, so it does not take the name by itself.' : '');
}

async function start(event) {
  event.preventDefault();
  if (!isGood) return;
  const body = asked();
  const name = byId('serve-as').value.trim();
  const epochs = byId('epochs').value;
  if (name) Object.assign(body, { serve_as: name, promote: byId('promote').value });
  if (epochs) body.hyperparameters = { n_epochs: Number(epochs) };
  byId('start').disabled = true;
  try {
    const job = await post(jobs, body);
    location.hash = `#train/${encodeURIComponent(job.id)}`;
  } catch (e) {
    showForm();
    byId('start-note').textContent = e.message;
    byId('start-note').className = 'fault';
    return;
  }
  byId('start-note').className = 'note';
  showForm();
}

/* Opens the view. */
export async function open(signal) {
  const failed = (e) => {
    if (!signal.aborted) show(byId('error'), e.message);
  };
  try {
    await list(signal);
    if (!training.id) recall();
    await checkRows();
  } catch (e) {
    failed(e);
  }
  await repeat(LISTED_EVERY, signal, async () => {
    try {
      await listJobs(signal);
      show(byId('error'), '');
    } catch (e) {
      failed(e);
    }
  });
}

byId('new').addEventListener('submit', start);
byId('method').addEventListener('change', () => changed());
for (const id of ['serve-as', 'promote', 'epochs']) {
  byId(id).addEventListener('input', () => {
    remember();
    byId('start-note').className = 'note';
    showForm();
  });
}
byId('more-jobs').addEventListener('click', () => listMore().catch((e) => show(byId('error'), e.message)));
/* A file that misses its place must not take the place of the page. */
for (const event of ['dragover', 'drop']) window.addEventListener(event, (each) => each.preventDefault());

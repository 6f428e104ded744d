/* What is said of a training in the list and in its own view, and the list itself. */
import { byId, element, isolated, time } from './dom.js';
import { get, jobs } from './server.js';

const methods = new Map([
  ['supervised', ['Answers', 'messages; or prompt and completion']],
  ['dpo', ['Preferences between two answers', 'prompt, chosen and rejected']],
  ['classify', ['Classes of texts', 'text and label']],
  ['labels', ['Any number of labels of texts', 'text and labels, a list']],
  ['number', ['A number of each text', 'text and number']],
  ['tag', ['Tags within texts', 'tokens and tags; or text and spans']],
  ['embed', ['Pairs of texts that belong together', 'query and positive; also negative']],
  ['rerank', ['Scores of texts for a query', 'query, text and label; or query, positive and negative']],
]);

const PAGE = 20;
const MOST = 1000;
let most = PAGE;

export const methodName = (method) => (methods.get(method) || [method])[0];

export const columns = (method) => (methods.get(method) || ['', ''])[1];

/* What a training is called. */
export const title = (job) => job.serve_as || job.user_provided_suffix || methodName(job.method.type);

export function showState(place, job) {
  place.textContent = job.status.replace('validating_files', 'reads the rows');
  place.dataset.state = job.status;
}

function item(job) {
  const made = element('li');
  const link = made.appendChild(element('a'));
  link.href = `#train/${encodeURIComponent(job.id)}`;
  link.appendChild(isolated(title(job)));
  showState(made.appendChild(element('span', 'state')), job);
  const about = [methodName(job.method.type), time(job.created_at), job.promoted ? 'has the name' : ''];
  made.appendChild(element('span', 'note', about.filter((each) => each).join(', ')));
  return made;
}

/* Lists the trainings. The one that has the focus keeps it. */
export async function list(signal) {
  const { data, has_more: hasMore } = await get(`${jobs}?limit=${most}`, signal);
  const place = byId('jobs');
  const now = JSON.stringify(data.map((job) => [job.id, job.status, job.promoted]));
  if (place.dataset.shown !== now) {
    const focused = document.activeElement?.getAttribute('href');
    place.replaceChildren(...data.map(item));
    place.dataset.shown = now;
    [...place.querySelectorAll('a')].find((link) => link.getAttribute('href') === focused)?.focus();
  }
  byId('no-jobs').hidden = data.length > 0;
  byId('more-jobs').hidden = !hasMore || most === MOST;
}

export async function listMore() {
  most = Math.min(MOST, most + PAGE);
  await list();
}

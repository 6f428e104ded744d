/* Which view is shown, and with which key the server is asked. The address says the view, so that a page that is loaded again goes on. */
import { byId, meta } from './dom.js';
import * as job from './job.js';
import { get, useKey } from './server.js';
import * as train from './train.js';
import * as tryOut from './try.js';

const needsKey = meta('lora-keys') === 'true';
let mayTrain = false;
let shown = new AbortController();

/* The name of a view, and what follows it in the address. */
function wanted() {
  const [view, ...rest] = location.hash.slice(1).split('/');
  if (!mayTrain || view !== 'train') return ['try'];
  if (rest.length === 0) return ['train'];
  try {
    return ['job', decodeURIComponent(rest.join('/'))];
  } catch (e) {
    return ['train'];
  }
}

function open() {
  shown.abort();
  shown = new AbortController();
  const [view, id] = wanted();
  for (const name of ['try', 'train', 'job']) byId(name).hidden = name !== view;
  byId('error').hidden = true;
  for (const [link, is] of [['to-try', view === 'try'], ['to-train', view !== 'try']]) {
    if (is) byId(link).setAttribute('aria-current', 'page');
    else byId(link).removeAttribute('aria-current');
  }
  if (view === 'job') job.open(id, shown.signal);
  else if (view === 'train') train.open(shown.signal);
  else tryOut.open(shown.signal);
}

/* A key may be one that must not train, or one that is wrong, which the view then says. */
async function begin() {
  useKey(byId('key').value);
  mayTrain = false;
  if (meta('lora-trains') === 'true') {
    try {
      train.use(await get('/v1/fine_tuning/methods'));
      mayTrain = true;
    } catch (e) { /* the other view is there for everyone */ }
  }
  byId('views').hidden = !mayTrain;
  open();
}

window.addEventListener('hashchange', open);
byId('who').hidden = !needsKey;
byId('who').addEventListener('submit', (event) => event.preventDefault());
byId('key').addEventListener('change', begin);
if (needsKey) byId('key').focus();
else begin();

/* What the server says of the rows before anything trains: those that are wrong, with the line and the rule, and some that are not. */
import { element, isolated } from './dom.js';
import { jobs, pause, post } from './server.js';

const BUSY = 429;

/* Asks the server. A check that was given up a moment ago may still count. */
export async function check(body, signal) {
  for (let tries = 0; ; tries += 1) {
    try {
      return await post(`${jobs}/check`, body, signal);
    } catch (e) {
      if (e.status !== BUSY || tries === 5) throw e;
      await pause(1000, signal);
    }
  }
}

const count = (many, one) => `${many} ${many === 1 ? one : `${one}s`}`;

/* Shows what was found. */
export function showCheck(found, place) {
  place.replaceChildren();
  for (const rows of [found.training_file, found.validation_file]) {
    if (rows) place.appendChild(ofFile(rows));
  }
  if (found.repeated_rows) {
    const rows = count(found.repeated_rows, 'row');
    place.appendChild(element('p', 'fault', `${rows} that should judge also train, so the comparison will be too good.`));
  }
  if (found.problem) place.appendChild(element('p', 'fault', found.problem));
}

function ofFile(rows) {
  const part = element('section', 'found');
  const title = part.appendChild(element('h3'));
  title.appendChild(isolated(rows.filename));
  const wrong = rows.wrong_rows;
  part.appendChild(element('p', wrong ? 'fault' : 'good',
    `${count(rows.good_rows, 'good row')}, ${wrong ? `${wrong} wrong` : 'none wrong'}`));
  if (wrong) {
    const list = part.appendChild(element('ol', 'rows'));
    list.tabIndex = 0;
    list.setAttribute('aria-label', 'Wrong rows');
    for (const { line, message } of rows.wrong) list.appendChild(row(line, element('span', '', message)));
    if (rows.wrong.length < wrong) {
      part.appendChild(element('p', 'note', `These are the first ${rows.wrong.length}.`));
    }
  }
  if (rows.good.length) {
    part.appendChild(element('p', 'note', 'The first good rows'));
    const list = part.appendChild(element('ol', 'rows'));
    list.tabIndex = 0;
    list.setAttribute('aria-label', 'Good rows');
    for (const { line, row: text } of rows.good) list.appendChild(row(line, values(text)));
  }
  return part;
}

function row(line, content) {
  const item = element('li');
  item.append(element('span', 'line', `line ${line}`), content);
  return item;
}

/* A row with a name before each value; as it is, if it was cut or has another form. */
function values(text) {
  let parsed;
  try {
    parsed = JSON.parse(text);
  } catch (e) {
    return element('span', '', text);
  }
  const list = element('dl');
  for (const [name, value] of Object.entries(parsed).flatMap(named)) {
    list.append(element('dt', '', name), element('dd', '', value));
  }
  return list;
}

/* The messages of a conversation stand one below the other. */
function named([name, value]) {
  if (Array.isArray(value) && value.length && value.every((each) => typeof each?.content === 'string')) {
    return value.map((each) => [String(each.role), each.content]);
  }
  return [[name, typeof value === 'string' ? value : JSON.stringify(value)]];
}

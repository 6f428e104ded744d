'use strict';

/* What an adapter does, as the list of the models says. Each kind asks one adapter and shows its answer on a side of its own. */
(() => {
  const byId = (id) => document.getElementById(id);
  const meta = (name) => document.querySelector(`meta[name="${name}"]`).content;
  const paths = meta('lora-paths').split(' ');
  const needsKey = meta('lora-keys') === 'true';
  /* The messages of each adapter: a comparison goes on with its own answers. A name such as constructor is a name like others. */
  const conversations = new Map();
  let running = null;

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
  /* The task of each adapter. */
  const tasks = new Map();
  let kind = kinds.find((each) => paths.includes(each.path));

  function element(name, className, text) {
    const made = document.createElement(name);
    if (className) made.className = className;
    if (text !== undefined) made.textContent = text;
    return made;
  }

  function headers() {
    const sent = { 'Content-Type': 'application/json' };
    if (byId('key').value) sent.Authorization = `Bearer ${byId('key').value}`;
    return sent;
  }

  async function fault(response) {
    let message = `${response.status}`;
    try {
      message = (await response.json()).error.message;
    } catch (e) { /* the status says it */ }
    return new Error(message);
  }

  async function post(path, body, signal) {
    const response = await fetch(path, { method: 'POST', headers: headers(), body: JSON.stringify(body), signal });
    if (!response.ok) throw await fault(response);
    return response;
  }

  /* Calls back with the data of each event. */
  async function events(response, receive) {
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = '';
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      rest += value;
      const lines = rest.split('\n');
      rest = lines.pop();
      for (const line of lines) {
        if (!line.startsWith('data: ') || line === 'data: [DONE]') continue;
        const data = JSON.parse(line.slice(6));
        if (data.error) throw new Error(data.error.message);
        receive(data);
      }
    }
  }

  function sampling() {
    return { stream: true, temperature: Number(byId('temperature').value), max_tokens: Number(byId('tokens').value) };
  }

  async function stream(path, body, side, signal, textOf) {
    const shown = side.appendChild(element('p'));
    let end = '';
    const begin = performance.now();
    let pieces = 0;
    await events(await post(path, body, signal), (data) => {
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

  async function chat(model, text, side, signal) {
    const asked = [...(conversations.get(model) || []), { role: 'user', content: text }];
    const system = byId('system').value;
    const body = { model, messages: system ? [{ role: 'system', content: system }, ...asked] : asked, ...sampling() };
    const answer = await stream(kind.path, body, side, signal, (choice) => choice.delta.content);
    conversations.set(model, [...asked, { role: 'assistant', content: answer }]);
  }

  async function complete(model, text, side, signal) {
    await stream(kind.path, { model, prompt: text, ...sampling() }, side, signal, (choice) => choice.text);
  }

  function show(side, scores) {
    const list = side.appendChild(element('ol'));
    for (const { name, value } of scores) {
      const item = list.appendChild(element('li', 'score'));
      item.appendChild(element('span', '', name));
      item.appendChild(element('span', '', value.toFixed(4)));
      const meter = item.appendChild(element('meter'));
      meter.value = Math.max(0, value);
    }
  }

  const descending = (one, other) => other.value - one.value;

  async function classify(model, text, side, signal) {
    const found = await (await post(kind.path, { model, input: text }, signal)).json();
    const { probs, values, labels } = found.data[0];
    if (values) {
      found.labels.forEach((name, i) => side.appendChild(element('p', '', `${name}: ${values[i].toFixed(4)}`)));
      return;
    }
    if (labels) {
      side.appendChild(element('p', '', labels.length ? labels.join(', ') : 'no label'));
    }
    show(side, found.labels.map((name, i) => ({ name, value: probs[i] })).sort(descending));
  }

  /* The offsets of JavaScript are those of UTF-16. */
  async function tag(model, text, side, signal) {
    const found = await (await post(kind.path, { model, input: text, offsets: 'utf16' }, signal)).json();
    const { spans } = found.data[0];
    const shown = side.appendChild(element('p'));
    let at = 0;
    for (const span of spans) {
      shown.appendChild(document.createTextNode(text.slice(at, span.start)));
      const mark = shown.appendChild(element('mark', '', text.slice(span.start, span.end)));
      mark.title = `${span.label} ${span.score.toFixed(4)}`;
      at = span.end;
    }
    shown.appendChild(document.createTextNode(text.slice(at)));
    show(side, spans.map((span) => ({ name: `${span.text}: ${span.label}`, value: span.score })));
  }

  const lines = (text) => text.split('\n').map((line) => line.trim()).filter((line) => line);

  async function rerank(model, text, side, signal) {
    const documents = lines(text);
    const body = { model, query: byId('query').value, documents };
    const found = await (await post(kind.path, body, signal)).json();
    show(side, found.results.map((each) => ({ name: documents[each.index], value: each.relevance_score })));
  }

  async function embed(model, text, side, signal) {
    const texts = lines(text);
    const found = await (await post(kind.path, { model, input: texts }, signal)).json();
    const vectors = found.data.map((each) => each.embedding);
    const dot = (a, b) => a.reduce((sum, x, i) => sum + x * b[i], 0);
    const cosine = (a, b) => dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
    if (texts.length < 2) {
      side.appendChild(element('p', 'note', `${vectors[0].length} numbers; give a second line to compare with`));
      return;
    }
    show(side, texts.slice(1).map((name, i) => ({ name, value: cosine(vectors[0], vectors[i + 1]) })).sort(descending));
  }

  async function ask(event) {
    event.preventDefault();
    const text = byId('text').value;
    if (!text.trim() || running) return;
    const models = [...new Set([byId('first').value, byId('second').value])].filter((each) => each);
    running = new AbortController();
    busy(true);
    const answers = byId('answers');
    answers.appendChild(element('div', 'question', kind.query ? `${byId('query').value}\n${text}` : text));
    const sides = answers.appendChild(element('div', 'sides'));
    if (kind.system) byId('text').value = '';
    await Promise.all(models.map(async (model) => {
      const side = sides.appendChild(element('section', 'side'));
      side.appendChild(element('h2', '', model));
      try {
        await kind.ask(model, text, side, running.signal);
      } catch (e) {
        side.appendChild(element('p', 'fault', e.name === 'AbortError' ? 'stopped' : e.message));
      }
    }));
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

  async function list() {
    const error = byId('error');
    error.hidden = true;
    try {
      const response = await fetch('/v1/models', { headers: headers() });
      if (!response.ok) throw await fault(response);
      const { data } = await response.json();
      const names = data.map((each) => each.id);
      data.forEach((each) => tasks.set(each.id, each.task));
      fill(byId('first'), names);
      choose();
      if (names.length === 0) throw new Error('there is no adapter yet');
    } catch (e) {
      error.textContent = e.message;
      error.hidden = false;
    }
  }

  /* Shows the form for the chosen adapter, and what it can be compared with: adapters of the same task. */
  function choose() {
    const task = tasks.get(byId('first').value);
    kind = kinds.find((each) => each.task === task && paths.includes(each.path)) || kind;
    fill(byId('second'), ['', ...[...tasks.keys()].filter((each) => tasks.get(each) === task)]);
    byId('text-label').textContent = kind.label;
    byId('settings').hidden = !kind.settings;
    byId('system').parentElement.hidden = !kind.system;
    byId('query-label').hidden = !kind.query;
    byId('query').required = Boolean(kind.query);
  }

  function fill(select, names) {
    const before = select.value;
    select.replaceChildren(...names.map((name) => new Option(name || 'none', name)));
    if (names.includes(before)) select.value = before;
  }

  choose();
  byId('first').addEventListener('change', choose);
  byId('key-label').hidden = !needsKey;
  byId('key').addEventListener('change', list);
  byId('choice').addEventListener('submit', (event) => event.preventDefault());
  byId('ask').addEventListener('submit', ask);
  byId('stop').addEventListener('click', () => running && running.abort());
  byId('clear').addEventListener('click', clear);
  byId('text').addEventListener('keydown', (event) => {
    if (!kind.system || event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    byId('ask').requestSubmit();
  });
  if (needsKey) byId('key').focus();
  else list();
})();

/* A file of rows: one that is dropped or chosen, or one that is on the server. */
import { element, fill, isolated, size } from './dom.js';
import { get, send } from './server.js';

const FILES = '/v1/files';

/* Calls back when another file is chosen. */
export class Rows {
  constructor(place, isOptional, changed) {
    this.input = place.querySelector('input');
    this.select = place.querySelector('select');
    this.status = place.querySelector('[role=status]');
    this.isOptional = isOptional;
    this.changed = changed;
    this.input.addEventListener('change', () => this.upload(this.input.files[0]));
    this.select.addEventListener('change', () => changed(this));
    place.addEventListener('dragover', (event) => {
      event.preventDefault();
      place.classList.add('over');
    });
    place.addEventListener('dragleave', () => place.classList.remove('over'));
    place.addEventListener('drop', (event) => {
      event.preventDefault();
      place.classList.remove('over');
      this.upload(event.dataTransfer.files[0]);
    });
  }

  get id() {
    return this.select.value;
  }

  choose(id) {
    if ([...this.select.options].some((option) => option.value === id)) this.select.value = id;
  }

  /* Shows the files of the server. */
  list(files) {
    fill(this.select, [
      { value: '', text: this.isOptional ? 'none' : 'choose one' },
      ...files.map((file) => ({ value: file.id, text: `${file.filename} (${size(file.bytes)})` })),
    ]);
  }

  say(text, className) {
    this.status.className = className;
    this.status.replaceChildren(text);
  }

  async upload(file) {
    if (!file) return;
    if (this.uploading) this.uploading.abort();
    const upload = new AbortController();
    this.uploading = upload;
    const note = element('span', '', 'uploading ');
    note.append(isolated(file.name), ` (${size(file.size)}) …`);
    this.say(note, 'note');
    try {
      const body = new FormData();
      body.append('purpose', 'fine-tune');
      body.append('file', file, file.name);
      const stored = await (await send('POST', FILES, { body, signal: upload.signal })).json();
      this.say('uploaded', 'note');
      await this.changed(this, stored.id);
    } catch (e) {
      if (!upload.signal.aborted) this.say(e.message, 'fault');
    }
    this.input.value = '';
  }
}

export async function files(signal) {
  const { data } = await get(`${FILES}?purpose=fine-tune&limit=200`, signal);
  return data;
}

/* Requests to the server. Whatever is refused becomes an error with the server's own message. */

let key = '';

export function useKey(value) {
  key = value;
}

async function fault(response) {
  let message = `${response.status}`;
  try {
    message = (await response.json()).error.message;
  } catch (e) { /* the status says it */ }
  const error = new Error(message);
  error.status = response.status;
  return error;
}

export async function send(method, path, { body, signal } = {}) {
  const headers = {};
  if (key) headers.Authorization = `Bearer ${key}`;
  const isForm = body instanceof FormData;
  if (body !== undefined && !isForm) headers['Content-Type'] = 'application/json';
  const response = await fetch(path, { method, headers, body: isForm ? body : JSON.stringify(body), signal });
  if (!response.ok) throw await fault(response);
  return response;
}

export const get = async (path, signal) => (await send('GET', path, { signal })).json();

export const post = async (path, body, signal) => (await send('POST', path, { body, signal })).json();

/* Calls back with the data of each event. Returns whether the server said that no more follow. */
export async function events(response, receive) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  let isWhole = false;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return isWhole;
    rest += value;
    const lines = rest.split('\n');
    rest = lines.pop();
    for (const line of lines) {
      if (!line.startsWith('data: ')) continue;
      if (line === 'data: [DONE]') {
        isWhole = true;
        continue;
      }
      const data = JSON.parse(line.slice(6));
      if (data.error) throw new Error(data.error.message);
      receive(data);
    }
  }
}

/* Waits. Returns at once when nobody needs it any more. */
export function pause(milliseconds, signal) {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, milliseconds);
    signal.addEventListener('abort', end);
    if (signal.aborted) end();
  });
}

/* Does something now and again, until nobody needs it any more. */
export async function repeat(milliseconds, signal, work) {
  while (!signal.aborted) {
    await work();
    await pause(milliseconds, signal);
  }
}

export const jobs = '/v1/fine_tuning/jobs';

export const jobPath = (id) => `${jobs}/${encodeURIComponent(id)}`;

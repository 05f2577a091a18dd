// The phones' page. It knows nothing that the control API does not tell: whenever the server says that something
// changed, it asks again for what is on show. Text from phones reaches the page only as text nodes.

const chosen = { phone: null, peer: null };
const byId = (id) => document.getElementById(id);

/** The sentences of a refusal: those about single fields where there are any, else the one about the whole. */
function refusal(problem) {
  const details = (problem?.errors ?? []).map((error) => error.detail).filter(Boolean);
  return details.length > 0 ? details.join('; ') : problem?.detail;
}

/** Calls the control API; a refusal becomes an Error with the API's own sentence. */
async function call(method, path, body) {
  const answer = await fetch(`/_/api${path}`, {
    method,
    headers: body === undefined ? {} : { 'content-type': 'application/json' },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await answer.text();
  const value = text === '' ? null : JSON.parse(text);
  if (!answer.ok) throw new Error(refusal(value) ?? `The sandbox answered ${answer.status}.`);
  return value;
}

/** Runs an action and shows what went wrong, if anything did. */
async function attempt(action) {
  try {
    byId('notice').textContent = '';
    await action();
  } catch (error) {
    byId('notice').textContent = error.message;
  }
}

function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

/** An entry of a list that can be chosen. */
function entry({ title, line, badge, current, choose }) {
  const button = element('button');
  button.type = 'button';
  button.setAttribute('aria-current', String(current));
  button.append(element('span', '', title));
  if (badge) button.append(element('span', 'badge', badge));
  button.append(element('small', '', line));
  button.addEventListener('click', () => {
    choose();
    attempt(refresh);
  });
  const item = element('li');
  item.append(button);
  return item;
}

/** What a phone does with its pages, in a few words. */
function linkLine(phone) {
  if (phone.linked.length === 0) return `${phone.phone} · no page linked`;
  const connected = phone.linked.filter((link) => link.connected).length;
  return `${phone.phone} · ${connected} of ${phone.linked.length} linked pages connected`;
}

function showPhones(phones) {
  byId('phones').replaceChildren(
    ...phones.map((phone) =>
      entry({
        title: phone.name,
        line: linkLine(phone),
        current: phone.phone === chosen.phone,
        choose: () => Object.assign(chosen, { phone: phone.phone, peer: null }),
      }),
    ),
  );
}

function showPhone(phone) {
  byId('phone').hidden = !phone;
  byId('hint').hidden = Boolean(phone);
  if (!phone) return;
  byId('phone-name').textContent = phone.name;
  byId('phone-number').textContent = `+${phone.phone} · ${phone.online ? 'online' : 'offline'}`;
  byId('online').textContent = phone.online ? 'Go offline' : 'Go online';
  byId('online').dataset.to = phone.online ? 'offline' : 'online';
  byId('unlink').hidden = phone.linked.length === 0;
  byId('links').replaceChildren(
    ...phone.linked.map((link) => {
      const since = new Date(link.linked_at).toLocaleString();
      return element('li', 'quiet', `${link.connected ? '● connected' : '○ away'} · linked ${since}`);
    }),
  );
}

function showChats(chats) {
  byId('chats').replaceChildren(
    ...chats.map((chat) =>
      entry({
        title: chat.name,
        line: chat.messages.at(-1)?.body ?? chat.peer,
        badge: chat.unread > 0 ? String(chat.unread) : '',
        current: chat.peer === chosen.peer,
        choose: () => Object.assign(chosen, { peer: chat.peer }),
      }),
    ),
  );
}

const ACKS = { 1: ['✓', 'sent'], 2: ['✓✓', 'delivered'], 3: ['✓✓', 'read'] };

function bubble(message) {
  const item = element('li', message.from_me ? 'message own' : 'message');
  item.append(element('span', '', message.body || `[${message.type}]`));
  const foot = element('small', '', new Date(message.at).toLocaleTimeString());
  if (message.from_me) {
    const [sign, word] = ACKS[message.ack] ?? ['', ''];
    const ack = element('span', word, ` ${sign}`);
    ack.title = word;
    foot.append(ack);
  }
  item.append(foot);
  return item;
}

function showChat(chat) {
  byId('chat').hidden = !chosen.peer;
  if (!chosen.peer) return;
  byId('chat-name').textContent = chat ? `${chat.name} · +${chat.peer}` : `+${chosen.peer}`;
  const list = byId('messages');
  const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 60;
  list.replaceChildren(...(chat?.messages ?? []).map(bubble));
  if (atEnd) list.scrollTop = list.scrollHeight;
}

/** Asks for everything on show, one round at a time: a change during a round leads to one more. */
let running = false;
let again = false;
async function refresh() {
  if (running) {
    again = true;
    return;
  }
  running = true;
  try {
    do {
      again = false;
      const phones = (await call('GET', '/phones')).data;
      const phone = phones.find((one) => one.phone === chosen.phone);
      const chats = phone ? (await call('GET', `/phones/${phone.phone}/chats`)).data : [];
      const chat = chats.find((one) => one.peer === chosen.peer);
      showPhones(phones);
      showPhone(phone);
      showChats(chats);
      showChat(chat);
      if (chat?.unread > 0) await call('POST', `/phones/${phone.phone}/read`, { from: chat.peer });
    } while (again);
  } finally {
    running = false;
  }
}

/** Wires a form: its fields go to `submit`, and it is emptied once that worked. */
function onSubmit(id, submit) {
  byId(id).addEventListener('submit', (event) => {
    event.preventDefault();
    const form = event.currentTarget;
    attempt(async () => {
      await submit(Object.fromEntries(new FormData(form)));
      if (id !== 'fault') form.reset();
      await refresh();
    });
  });
}

const digits = (text) => text.replace(/[\s()+-]/g, '');

onSubmit('new-phone', async ({ phone, name }) => {
  const made = await call('POST', '/phones', name ? { phone: digits(phone), name } : { phone: digits(phone) });
  Object.assign(chosen, { phone: made.phone, peer: null });
});
onSubmit('scan', ({ code }) => {
  // Eight signs, with or without a dash, are a pairing code; a QR code's text is much longer.
  const way = code.replace(/[^a-z0-9]/gi, '').length <= 8 ? 'link' : 'scan';
  return call('POST', `/phones/${chosen.phone}/${way}`, { code });
});
onSubmit('fault', ({ kind }) => {
  const lasting = kind === 'socket_drop' ? { for_ms: 5000 } : {};
  return call('POST', '/faults', { kind, phone: chosen.phone, ...lasting });
});
onSubmit('new-chat', async ({ to }) => {
  chosen.peer = digits(to);
});
onSubmit('send', ({ text }) =>
  call('POST', `/phones/${chosen.phone}/messages`, { to: chosen.peer, type: 'text', text: { body: text } }),
);
byId('online').addEventListener('click', (event) => {
  const to = event.currentTarget.dataset.to;
  attempt(() => call('POST', `/phones/${chosen.phone}/${to}`));
});
byId('unlink').addEventListener('click', () => attempt(() => call('POST', `/phones/${chosen.phone}/unlink`)));

// The browser reconnects by itself; the first event of each connection brings the page up to date.
new EventSource('/_/api/changes').addEventListener('message', () => attempt(refresh));

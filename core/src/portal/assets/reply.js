// A reply: sealed here, to the key that the authenticated manifest names.
import { button, el, form, show, size, ui } from './dom.js';
import { concat, fromBase64url, fromHex, random, toBase64url, uint, utf8 } from './bytes.js';
import { hpkeSeal } from './hpke.js';
import { seal } from './chunks.js';
import { Failure } from './api.js';

const FILES = 25;
const TOTAL = 64 << 20;
const TEXT = 1 << 20;
const CONTEXT = 'mailseal/1/portal/reply';

/** @param {Portal.App} app @param {Portal.Content} content @param {Portal.Draft} draft @param {() => void} back */
export function replyForm(app, { manifest, letter }, draft, back) {
  draft.subject = draft.subject || 'Re: ' + letter.subject.replace(/^(re:\s*)+/i, '');
  /** @type {AbortController | null} */
  let sending = null;
  const leave = () => {
    onbeforeunload = null;
    if (sending) sending.abort();
    back();
  };
  onbeforeunload = (e) => {
    if (draft.text || draft.files.length) e.preventDefault();
  };
  show(() => {
    const { t } = ui;
    const subject = el('input', { id: 'subject', type: 'text', maxlength: 200, dir: 'auto', input: () => (draft.subject = subject.value) });
    subject.value = draft.subject;
    const field = el('textarea', { rows: 9, dir: 'auto', input: () => (draft.text = field.value) });
    field.value = draft.text;
    const list = el('ul', { class: 'files' });
    const note = el('p', { class: 'error', role: 'alert' });
    const pick = el('input', { id: 'pick', type: 'file', multiple: true, 'aria-describedby': 'limits', change() {
      draft.files.push(...(pick.files || []));
      pick.value = '';
      files();
    } });
    const problem = () => draft.files.length > FILES ? t.tooMany : total(draft) > TOTAL ? t.tooBig : utf8(draft.text).length > TEXT ? t.textTooLong : '';
    const files = () => {
      list.replaceChildren(...draft.files.map((f, i) => el('li', {}, el('span', { class: 'file' }, el('bdi', {}, f.name), el('span', { class: 'hint' }, size(f.size))), button(t.removeName, () => {
        draft.files.splice(i, 1);
        files();
        pick.focus();
      }, { 'aria-label': t.remove(f.name) }))));
      note.textContent = problem();
    };
    files();
    const bar = el('progress', { max: 1, value: 0, 'aria-label': t.sending });
    const work = el('div', { hidden: true, role: 'status' }, el('p', {}, t.sending), bar);
    return {
      title: t.replyTitle,
      body: [el('p', {}, t.replyText), el('label', { for: 'subject' }, t.subject), subject, form({
        label: t.text, field, submit: t.sendReply,
        extra: [el('label', { for: 'pick' }, t.files), el('p', { id: 'limits', class: 'hint' }, t.filesHint(FILES, size(TOTAL))), pick, list, note, work],
        async send() {
          const wrong = problem();
          if (wrong) return wrong;
          work.hidden = false;
          sending = new AbortController();
          try {
            const reference = await send(app, manifest, draft, sending.signal, (part) => (bar.value = part));
            onbeforeunload = null;
            Object.assign(draft, { subject: '', text: '', files: [] });
            show(() => ({ title: ui.t.replySent, body: [el('p', {}, ui.t.replySentText), el('p', { class: 'hint' }, ui.t.reference(reference)), button(ui.t.toMessage, back, { class: 'primary' })] }));
          } catch (e) {
            if (sending.signal.aborted) return;
            const kind = e instanceof Failure ? e.kind : '';
            if (kind === 'refused' || kind === 'too_large') return ui.t.replyRefused;
            // The draft stays, and so does the way to send it again.
            if (/^(offline|server|wait|factor_required|malformed)$/.test(kind)) return ui.t.errors[kind === 'malformed' ? 'server' : kind].join('. ');
            app.fail(e);
          } finally {
            sending = null;
            work.hidden = true;
          }
        },
      }), button(t.discard, leave, { class: 'link' })],
    };
  });
}

/** @param {Portal.Draft} draft */
const total = (draft) => draft.files.reduce((n, f) => n + f.size, 0);

/** @param {Portal.App} app @param {Portal.Manifest} manifest @param {Portal.Draft} draft @param {AbortSignal} signal @param {(part: number) => void} progress */
async function send(app, { reply }, draft, signal, progress) {
  if (!reply) throw new Failure('refused');
  const head = utf8(JSON.stringify({
    v: 1, subject: draft.subject, text: draft.text,
    attachments: draft.files.map(({ name, type, size }) => ({ name, type: type || 'application/octet-stream', size })),
  }));
  const whole = 4 + head.length + total(draft);
  async function* plain() {
    yield concat(uint(head.length, 4), head);
    for (const f of draft.files)
      for (let at = 0; at < f.size; at += TEXT) yield new Uint8Array(await f.slice(at, at + TEXT).arrayBuffer());
  }
  const dek = random(32);
  const { enc, sealed } = await hpkeSeal(fromBase64url(reply.key), concat(utf8(CONTEXT), app.grant, fromHex(reply.id)), dek);
  const { reply: id, part_bytes: row, limit } = await app.post('/replies', { sealed_key: toBase64url(enc), wrapped: toBase64url(sealed), size: whole });
  if (whole > limit) throw new Failure('too_large');
  let n = 0;
  let sent = 0;
  let rest = new Uint8Array(0);
  /** @param {Bytes} b */
  const put = async (b) => {
    await app.put(`/replies/${id}/parts/${n++}`, b, signal);
    progress(Math.min(1, (sent += b.length) / whole));
  };
  for await (const piece of seal(dek, concat(utf8(CONTEXT + '\0'), app.grant), plain())) {
    rest = concat(rest, piece);
    while (rest.length > row) {
      await put(rest.subarray(0, row));
      rest = rest.slice(row);
    }
  }
  await put(rest);
  dek.fill(0);
  return (await app.post(`/replies/${id}/commit`, { parts: n })).reference;
}

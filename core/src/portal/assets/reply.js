// A reply: sealed here, to the key that the authenticated manifest names.
import { concat, fromBase64url, fromHex, random, seal, toBase64url, uint, utf8 } from './crypto.js';
import { button, el, form, p, progress, show, size, ui } from './dom.js';
import { hpkeSeal } from './hpke.js';
import { Failure } from './api.js';

const FILES = 25;
const TOTAL = 64 << 20;
const MIB = 1 << 20;
const CONTEXT = 'mailseal/1/portal/reply';

/** @param {Portal.App} app @param {Portal.Content} content @param {() => void} back */
export function replyForm(app, { manifest, letter }, back) {
  const { draft } = app;
  draft.subject = draft.subject || 'Re: ' + letter.subject.replace(/^(re:\s*)+/i, '');
  let stop = new AbortController();
  onbeforeunload = (e) => {
    if (draft.text || draft.files.length) e.preventDefault();
  };
  const leave = () => {
    onbeforeunload = null;
    stop.abort();
    back();
  };
  show(() => {
    const { t } = ui;
    const subject = el('input', { id: 'subject', maxlength: '200', dir: 'auto', input: () => (draft.subject = subject.value) });
    subject.value = draft.subject;
    const field = el('textarea', { rows: '9', dir: 'auto', input: () => (draft.text = field.value) });
    field.value = draft.text;
    const list = el('ul', 'files');
    const note = el('p', { class: 'error', role: 'alert' });
    const pick = el('input', { id: 'pick', type: 'file', multiple: true, 'aria-describedby': 'limits', change() {
      draft.files.push(...(pick.files || []));
      pick.value = '';
      files();
    } });
    const problem = () => draft.files.length > FILES || total(draft) > TOTAL || utf8(draft.text).length > MIB ? t.tooBig : '';
    const files = () => {
      list.replaceChildren(...draft.files.map((f, i) => {
        const remove = button(t.remove, () => {
          draft.files.splice(i, 1);
          files();
          pick.focus();
        });
        remove.setAttribute('aria-label', `${t.remove}: ${f.name}`);
        return el('li', '', el('span', 'file', el('bdi', '', f.name), el('span', 'hint', size(f.size))), remove);
      }));
      note.textContent = problem();
    };
    files();
    const bar = progress(t.working);
    const doing = p(t.working);
    const work = el('div', { hidden: true, role: 'status' }, doing, bar);
    return {
      title: t.replyTitle,
      body: [p(t.replyText), el('label', { for: 'subject' }, t.subject), subject, form(t.sendReply, async () => {
        const wrong = problem();
        if (wrong) return wrong;
        doing.textContent = t.working;
        work.hidden = false;
        stop = new AbortController();
        const { signal } = stop;
        try {
          const reference = await send(app, manifest, draft, signal, (part) => (bar.value = part), () => (doing.textContent = t.busy));
          onbeforeunload = null;
          Object.assign(draft, { subject: '', text: '', files: [], sent: null });
          show(() => ({ title: ui.t.replySent, body: [p(ui.t.reference(reference)), button(ui.t.back, back, 'primary')] }));
        } catch (e) {
          if (signal.aborted) return;
          const kind = e instanceof Failure ? e.kind : '';
          if (kind === 'refused' || kind === 'too_large') return t.replyRefused;
          // The draft stays, and so does the way to send it again.
          if (/^(revoked|expired|views|held|not_found|no_session|factor_required)$/.test(kind)) app.fail(e);
          else return (t.errors[kind] || t.errors.server).join('. ');
        } finally {
          work.hidden = true;
        }
      }, { label: t.text, field }, el('label', { for: 'pick' }, t.files), el('p', { id: 'limits', class: 'hint' }, t.filesHint(FILES, size(TOTAL))), pick, list, note, work),
      button(t.back, leave, 'link')],
    };
  });
}

/** @param {Portal.Draft} draft */
const total = ({ files }) => files.reduce((n, f) => n + f.size, 0);

/**
 * Sends the draft and gives its reference. A reply whose commit was not answered
 * may have arrived: as long as the draft says the same, the same one is
 * committed again, and the server tells that it has it.
 * @param {Portal.App} app @param {Portal.Manifest} manifest @param {Portal.Draft} draft @param {AbortSignal} signal @param {(part: number) => void} progress @param {() => void} busy
 */
async function send(app, manifest, draft, signal, progress, busy) {
  const says = [draft.subject, draft.text, ...draft.files];
  const { sent } = draft;
  if (!sent || sent.says.length !== says.length || says.some((s, i) => s !== sent.says[i])) draft.sent = null;
  for (;;) {
    const old = draft.sent;
    const { id, n } = (draft.sent = old || { ...await upload(app, manifest, draft, signal, progress), says });
    try {
      return (await app.again(() => app.post(`/replies/${id}/commit`, { parts: n }), signal, busy)).reference;
    } catch (e) {
      const kind = e instanceof Failure ? e.kind : '';
      if (kind === 'refused' || kind === 'not_found') draft.sent = null;
      // It was never sent off, and its time is over.
      if (!old || kind !== 'not_found') throw e;
    }
  }
}

/** @param {Portal.App} app @param {Portal.Manifest} manifest @param {Portal.Draft} draft @param {AbortSignal} signal @param {(part: number) => void} progress */
async function upload(app, { reply }, draft, signal, progress) {
  if (!reply) throw new Failure('refused');
  const { subject, text, files } = draft;
  const head = utf8(JSON.stringify({ v: 1, subject, text, attachments: files.map(({ name, type, size }) => ({ name, type: type || 'application/octet-stream', size })) }));
  const whole = 4 + head.length + total(draft);
  async function* plain() {
    yield concat(uint(head.length, 4), head);
    for (const f of files)
      for (let at = 0; at < f.size; at += MIB) yield new Uint8Array(await f.slice(at, at + MIB).arrayBuffer());
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
    progress((sent += b.length) / whole);
  };
  for await (const piece of seal(dek, concat(utf8(CONTEXT + '\0'), app.grant), plain())) {
    rest = concat(rest, piece);
    for (; rest.length > row; rest = rest.slice(row)) await put(rest.subarray(0, row));
  }
  await put(rest);
  dek.fill(0);
  return { id, n };
}

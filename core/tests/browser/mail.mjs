// Makes messages, letters and ciphertexts for the mock, with node's own
// cryptography: nothing is shared with the page that is tested.
import { createCipheriv, createECDH, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto';

const CHUNK = 16384;
const PART = 1 << 20;

export const hkdf = (ikm, salt, info) => Buffer.from(hkdfSync('sha512', ikm, salt, info, 32));
export const put = (b) => Buffer.concat([u64(b.length), b]);
const u64 = (n) => {
  const b = Buffer.alloc(8);
  b.writeBigUInt64BE(BigInt(n));
  return b;
};
const hmac = (hash, key, ...data) => {
  const h = createHmac(hash, key);
  data.forEach((d) => h.update(d));
  return h.digest();
};

function schedule(key, salt, context) {
  const info = Buffer.concat([Buffer.from('c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\0'), salt, context]);
  const one = hmac('sha512', key, info, Buffer.from([1]));
  const okm = Buffer.concat([one, hmac('sha512', key, one, info, Buffer.from([2]))]);
  const nonce = (n) => {
    const out = Buffer.from(okm.subarray(32, 44));
    u64(n).forEach((x, i) => (out[4 + i] ^= x));
    return out;
  };
  return { key: okm.subarray(0, 32), nonce, commitment: okm.subarray(44, 76) };
}

export function seal(key, context, plain) {
  const salt = randomBytes(24);
  const s = schedule(key, salt, context);
  const out = [salt, s.commitment];
  for (let n = 0, at = 0; at <= plain.length; n++, at += CHUNK) {
    const c = createCipheriv('aes-256-gcm', s.key, s.nonce(n));
    out.push(c.update(plain.subarray(at, at + CHUNK)), c.final(), c.getAuthTag());
  }
  return Buffer.concat(out);
}

export function open(key, context, sealed) {
  const s = schedule(key, sealed.subarray(0, 24), context);
  if (!s.commitment.equals(sealed.subarray(24, 56))) throw new Error('commitment');
  const out = [];
  for (let n = 0, at = 56; ; n++, at += CHUNK + 16) {
    const chunk = sealed.subarray(at, at + CHUNK + 16);
    const d = createDecipheriv('aes-256-gcm', s.key, s.nonce(n));
    d.setAuthTag(chunk.subarray(-16));
    out.push(d.update(chunk.subarray(0, -16)), d.final());
    if (chunk.length < CHUNK + 16) return Buffer.concat(out);
  }
}

export function hpkeOpen(ecdh, enc, info, sealed) {
  const KEM = Buffer.from('KEM\0\x10', 'latin1');
  const SUITE = Buffer.from('HPKE\0\x10\0\x01\0\x02', 'latin1');
  const V = Buffer.from('HPKE-v1');
  const extract = (suite, salt, label, ikm) => hmac('sha256', salt, V, suite, Buffer.from(label), ikm);
  const expand = (suite, prk, label, info_, n) =>
    hmac('sha256', prk, Buffer.from([0, n]), V, suite, Buffer.from(label), info_, Buffer.from([1])).subarray(0, n);
  const none = Buffer.alloc(0);
  const eae = extract(KEM, none, 'eae_prk', ecdh.computeSecret(enc));
  const shared = expand(KEM, eae, 'shared_secret', Buffer.concat([enc, ecdh.getPublicKey()]), 32);
  const context = Buffer.concat([Buffer.from([0]), extract(SUITE, none, 'psk_id_hash', none), extract(SUITE, none, 'info_hash', info)]);
  const secret = extract(SUITE, shared, 'secret', none);
  const d = createDecipheriv('aes-256-gcm', expand(SUITE, secret, 'key', context, 32), expand(SUITE, secret, 'base_nonce', context, 12));
  d.setAuthTag(sealed.subarray(-16));
  return Buffer.concat([d.update(sealed.subarray(0, -16)), d.final()]);
}

export function replyKey() {
  const ecdh = createECDH('prime256v1');
  ecdh.generateKeys();
  return { ecdh, id: randomBytes(16) };
}

const DIGITS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
export function base32(bytes) {
  let bits = '';
  for (const b of bytes) bits += b.toString(2).padStart(8, '0');
  return bits.match(/.{5}/g).map((x) => DIGITS[parseInt(x, 2)]).join('');
}

/** A message with attachments, and the letter that describes it. */
export function message({ subject, from, date, text = null, html = null, attachments = [], size = null }) {
  const out = [];
  let at = 0;
  const add = (b) => {
    b = Buffer.from(b);
    const offset = at;
    out.push(b);
    at += b.length;
    return offset;
  };
  add(`From: ${from}\r\nSubject: =?utf-8?B?${Buffer.from(subject).toString('base64')}?=\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n`);
  add(`--b\r\nContent-Type: text/${html ? 'html' : 'plain'}; charset=utf-8\r\n\r\n${html || text || ''}\r\n`);
  const list = attachments.map(({ name, type, data, encoding = 'base64', raw, claim }) => {
    add(`--b\r\nContent-Type: ${type}\r\nContent-Transfer-Encoding: ${encoding}\r\nContent-Disposition: attachment\r\n\r\n`);
    const body = raw || (encoding === 'base64' ? wrap(data.toString('base64')) : encoding === 'quoted-printable' ? quoted(data) : data);
    const offset = add(body);
    add('\r\n');
    return { name, type, size: claim || data.length, offset, length: Buffer.byteLength(body), encoding };
  });
  add('--b--\r\n');
  const letter = { subject, from, date, text, html, attachments: list };
  let tail = Buffer.from(JSON.stringify(letter));
  // Sizes at the edge of a chunk: blanks within the JSON change nothing.
  if (size !== null) {
    const want = size - at;
    if (want < tail.length) throw new Error(`the message is larger than ${size}`);
    tail = Buffer.concat([tail.subarray(0, -1), Buffer.alloc(want - tail.length, ' '), tail.subarray(-1)]);
  }
  return { message: at, letter: { offset: at, length: tail.length }, plain: Buffer.concat([...out, tail]) };
}

const wrap = (s) => s.replace(/.{76}/g, '$&\r\n');
const quoted = (data) => {
  const coded = [...data].map((b) => (b === 61 || b < 33 || b > 126 ? '=' + b.toString(16).toUpperCase().padStart(2, '0') : String.fromCharCode(b)));
  const lines = [];
  for (let at = 0; at < coded.length; at += 24) lines.push(coded.slice(at, at + 24).join(''));
  return lines.join('=  \r\n');
};

/** The item as the server keeps it. */
export function item({ plain, message, letter }, reply) {
  const id = randomBytes(16);
  const dek = randomBytes(32);
  const manifest = {
    v: 2, size: plain.length, chunks: Math.floor(plain.length / CHUNK) + 1, created: Date.now(), message, letter,
    reply: reply && { id: reply.id.toString('hex'), key: reply.ecdh.getPublicKey().toString('base64url') },
  };
  const content = seal(dek, Buffer.concat([Buffer.from('mailseal/1/escrow/content\0'), id]), plain);
  const parts = [];
  for (let at = 0; at < content.length; at += PART) parts.push(content.subarray(at, at + PART));
  return { id, dek, parts, manifest: seal(dek, Buffer.concat([Buffer.from('mailseal/1/escrow/manifest\0'), id]), Buffer.from(JSON.stringify(manifest))) };
}

export function wrapDek(kek, { id, dek }) {
  const nonce = randomBytes(12);
  const c = createCipheriv('aes-256-gcm', kek, nonce);
  c.setAAD(id);
  return Buffer.concat([nonce, c.update(dek), c.final(), c.getAuthTag()]);
}

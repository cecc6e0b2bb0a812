// The page's cryptography and decoders in node, against published vectors.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import assert from 'node:assert/strict';

const assets = new URL('../../src/portal/assets/', import.meta.url);
const vectors = new URL('../vectors/', import.meta.url);
const load = (name) => import(new URL(name, assets).href);
const hex = (s) => new Uint8Array(Buffer.from(s, 'hex'));
const toHex = (b) => Buffer.from(b).toString('hex');

async function collect(pieces) {
  const out = [];
  for await (const p of pieces) out.push(p);
  return Buffer.concat(out);
}

async function* cut(b, n) {
  for (let at = 0; at < b.length; at += n) yield new Uint8Array(b.subarray(at, at + n));
}

export const unit = {
  async 'Cobblestone-256: the published vectors'() {
    const { openAll, seal, Damaged } = await load('crypto.js');
    const { tests } = JSON.parse(readFileSync(new URL('chunked-encryption/cobblestone-256.json', vectors)));
    let valid = 0;
    let invalid = 0;
    for (const v of tests) {
      const sealed = new Uint8Array(Buffer.concat(v.ct.map(([h, n]) => Buffer.concat(Array(n).fill(Buffer.from(h, 'hex'))))));
      assert.equal(createHash('sha256').update(sealed).digest('hex'), v.ctSha256);
      if (v.key.length !== 64) {
        assert.equal(v.result, 'invalid');
        invalid++;
        continue;
      }
      if (v.result === 'invalid') {
        await assert.rejects(openAll(hex(v.key), hex(v.ctx), sealed), Damaged, v.comment);
        invalid++;
        continue;
      }
      const plain = await openAll(hex(v.key), hex(v.ctx), sealed);
      assert.equal(createHash('sha512').update(plain).digest('hex'), v.msgSha512, v.comment);
      const again = await collect(seal(hex(v.key), hex(v.ctx), cut(plain, 10000), sealed.slice(0, 24)));
      assert.ok(Buffer.compare(again, sealed) === 0, v.comment);
      valid++;
    }
    assert.deepEqual([valid, invalid], [10, 25]);
  },

  async 'HPKE: the vector of RFC 9180 for P-256, SHA-256, AES-256-GCM'() {
    const { hpkeSeal } = await load('hpke.js');
    const { base: v } = JSON.parse(readFileSync(new URL('hpke/p256-sha256-aes256gcm.json', vectors)));
    const pk = hex(v.pkEm);
    const b64 = (b) => Buffer.from(b).toString('base64url');
    const jwk = { kty: 'EC', crv: 'P-256', x: b64(pk.subarray(1, 33)), y: b64(pk.subarray(33)) };
    const curve = { name: 'ECDH', namedCurve: 'P-256' };
    const pair = {
      privateKey: await crypto.subtle.importKey('jwk', { ...jwk, d: b64(hex(v.skEm)) }, curve, false, ['deriveBits']),
      publicKey: await crypto.subtle.importKey('jwk', jwk, curve, true, []),
    };
    const { enc, sealed } = await hpkeSeal(hex(v.pkRm), hex(v.info), hex(v.pt), hex(v.aad), pair);
    assert.equal(toHex(enc), v.enc);
    assert.equal(toHex(sealed), v.ct);
    const off = hex(v.pkRm);
    off[64] ^= 1;
    await assert.rejects(hpkeSeal(off, hex(v.info), hex(v.pt)));
  },

  async 'derivations: as node computes them'() {
    const { challengeMac, passphraseProof, openDek, stretch } = await load('crypto.js');
    const { hkdf, put, wrapDek } = await import('./mail.mjs');
    const { createHmac, pbkdf2Sync, randomBytes } = await import('node:crypto');
    const [l, grant, nonce, s, item, dek] = [20, 16, 16, 32, 16, 32].map((n) => new Uint8Array(randomBytes(n)));
    const a = hkdf(l, grant, 'mailseal/1/escrow/auth');
    assert.equal(toHex(await challengeMac(l, grant, nonce)), createHmac('sha256', a).update('mailseal/1/portal/challenge').update(grant).update(nonce).digest('hex'));
    // One spelling of a letter is as good as the other.
    const f = await stretch('U\u0308nder', item, 1000);
    assert.equal(toHex(f), pbkdf2Sync('\u00dcnder', item, 1000, 32, 'sha256').toString('hex'));
    assert.equal(toHex(await passphraseProof(l, f, grant)), hkdf(Buffer.concat([put(l), put(f)]), grant, 'mailseal/1/escrow/passphrase proof').toString('hex'));
    for (const share of [f, null]) {
      const kek = hkdf(Buffer.concat([put(s), put(l), put(share || Buffer.alloc(0))]), grant, 'mailseal/1/escrow/kek');
      const wrapped = new Uint8Array(wrapDek(kek, { id: item, dek }));
      assert.deepEqual(await openDek({ s, l, f: share, grant, item, wrapped }), dek);
      await assert.rejects(openDek({ s, l, f: share ? null : f, grant, item, wrapped }));
    }
  },

  async 't05 the link’s secret is read in any case, grouped, wrapped and encoded'() {
    const { fromBase32 } = await load('crypto.js');
    const right = '0123456789';
    for (const typed of ['04HMASW9', '04hm-asw9', ' O4HM\r\n ASW9\n', '0 4 H M – a s w 9', '\ufeff04HMASW9', '04HM%2DASW9', '04HM%20asw9', '04HM=\r\nASW9', '04HMASW9.', '<04HMASW9>', 'o4hmasw9%0D%0A'])
      assert.equal(toHex(fromBase32(typed) || []), right, typed);
    assert.deepEqual(fromBase32('iiiillll'), fromBase32('11111111'));
    for (const bad of ['04HMASW', '04HMASW99', '04HMASWU', '04HM*SW9']) assert.equal(fromBase32(bad), null, bad);
  },

  async 'transfer encodings: any cut gives the same bytes'() {
    const { decoder } = await load('decode.js');
    const data = Buffer.from(Array.from({ length: 5000 }, (_, i) => (i * 7 + (i >> 5)) & 255));
    const lines = data.toString('base64').replace(/.{76}/g, '$&\r\n');
    const qp = 'caf=C3=A9 =\r\nau lait   \r\nline=20\r\n  a=3Db =  \r\nend=zz soft=';
    const meant = 'café au lait\r\nline \r\n  a=b end=zz soft';
    const cases = [
      ['base64', lines, data],
      ['base64', lines.replace(/A/g, 'A*'), data],
      ['base64', 'YWI=\r\n', Buffer.from('ab')],
      ['base64', 'YW Jj\r\n', Buffer.from('abc')],
      ['base64', '', Buffer.alloc(0)],
      ['quoted-printable', qp, Buffer.from(meant)],
      ['quoted-printable', '', Buffer.alloc(0)],
      ['identity', 'a=3Db', Buffer.from('a=3Db')],
    ];
    for (const [encoding, text, want] of cases)
      for (const step of [1, 3, 7, 76, 100000]) {
        const { push, end } = decoder(encoding);
        const b = Buffer.from(text);
        const cut = [];
        for (let at = 0; at < b.length; at += step) cut.push(new Uint8Array(b.subarray(at, at + step)));
        const half = cut.splice(0, cut.length >> 1);
        const out = [Buffer.from(push(half)), Buffer.from(push(cut)), Buffer.from(end())];
        assert.equal(Buffer.concat(out).toString('hex'), want.toString('hex'), `${encoding} ${step} ${text.slice(0, 30)}`);
      }
  },

  async 't22 names are safe on a disk and in a header'() {
    const { safeName } = await load('dom.js');
    const { NAMES } = await import('./samples.mjs');
    for (const name of [...NAMES, '', 'CON', 'com1.txt', 'a/b/../c', 'x'.repeat(500), '\u202etxt.exe', 'a\ud800b', '...', 'trail. ', '~/.bashrc', 'a\u0000b']) {
      const s = safeName(name);
      assert.ok(s && s.length <= 125, name);
      assert.doesNotMatch(s, /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\\/:*?"<>|]|^\.|[. ]$|^(con|com1)(\.|$)/i, name);
      assert.doesNotThrow(() => encodeURIComponent(s), name);
    }
    assert.equal(safeName('Überweisung – résumé 診断.pdf'), 'Überweisung – résumé 診断.pdf');
  },

  async 'Spanish has every text that English has'() {
    const [en, es] = [(await load('en.js')).default, (await load('es.js')).default];
    const walk = (a, b, path) => {
      assert.deepEqual(Object.keys(b).sort(), Object.keys(a).sort(), path);
      for (const k of Object.keys(a)) {
        assert.equal(typeof b[k], typeof a[k], path + k);
        if (typeof a[k] === 'object') walk(a[k], b[k], `${path}${k}.`);
        else if (typeof a[k] === 'function') for (const n of [0, 1, 2, 32]) assert.ok(a[k](n, 'x') && b[k](n, 'x') && !/undefined/.test(a[k](n, 'x') + b[k](n, 'x')));
        else if (!['dir'].includes(k)) assert.notEqual(a[k], b[k], path + k);
      }
    };
    const { referenceName, ...rest } = en;
    const { referenceName: r2, ...rest2 } = es;
    assert.ok(referenceName && r2);
    walk(rest, rest2, '');
  },
};

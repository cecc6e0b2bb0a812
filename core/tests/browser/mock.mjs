// A mock of the portal: its HTTP interface with real cryptography, everything in
// memory. For building and testing the page; it throttles and records nothing.
//   node mock.mjs        prints links.json for the server it started
import { createServer } from 'node:http';
import { createHash, createHmac, generateKeyPairSync, pbkdf2Sync, randomBytes, timingSafeEqual, verify } from 'node:crypto';
import { base32, hkdf, hpkeOpen, item, message, open, put, replyKey, wrapDek } from './mail.mjs';
import { served } from './served.mjs';
import { samples } from './samples.mjs';

const VERSION = 'mock';
const TYPES = { js: 'text/javascript; charset=utf-8', css: 'text/css; charset=utf-8', svg: 'image/svg+xml' };
const CSP = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; worker-src 'self'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'; require-trusted-types-for 'script'; trusted-types mailseal";
const HEADERS = {
  'Content-Security-Policy': CSP,
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'Cache-Control': 'no-store',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'X-Robots-Tag': 'noindex, nofollow',
};

const b64 = (b) => Buffer.from(b).toString('base64url');
const un64 = (s) => Buffer.from(s, 'base64url');
const equal = (a, b) => a.length === b.length && timingSafeEqual(a, b);
const plainCode = (s) => s.replace(/[\s-]/g, '').toUpperCase().replace(/O/g, '0').replace(/[IL]/g, '1');

class Refusal extends Error {
  constructor(status, error, more = {}) {
    super(error);
    Object.assign(this, { status, body: { error, ...more } });
  }
}

export async function start({ base = '' } = {}) {
  const grants = new Map();
  const outbox = [];
  const replies = [];
  const key = replyKey();
  const links = {};
  const assets = served();
  let origin = '';

  function grant(name, { mail, methods = [], passphrase = null, language = 'en', state = 'live', views = null }) {
    const id = randomBytes(16);
    const l = randomBytes(20);
    const s = randomBytes(32);
    const salt = randomBytes(16);
    const f = passphrase ? pbkdf2Sync(passphrase.normalize('NFC'), salt, 200000, 32, 'sha256') : Buffer.alloc(0);
    const g = {
      id: id.toString('hex'), grant: id, s, language, state, views, methods, passphrase: passphrase && { salt, iterations: 200000 },
      a: hkdf(l, id, 'mailseal/1/escrow/auth'),
      proof: hkdf(Buffer.concat([put(l), put(f)]), id, 'mailseal/1/escrow/passphrase proof'),
      kek: hkdf(Buffer.concat([put(s), put(l), put(f)]), id, 'mailseal/1/escrow/kek'),
      tries: 5, sessions: new Map(), reference: randomBytes(3).toString('hex').toUpperCase(), made: null, code: null, totpStep: 0, replies: new Map(),
    };
    // Large ones are made when they are asked for.
    g.item = () => {
      if (!g.made) {
        g.made = item(message(mail()), key);
        g.wrapped = wrapDek(g.kek, g.made);
      }
      return g.made;
    };
    grants.set(g.id, g);
    links[name] = { get url() { return `${origin}${base}/p/${g.id}#${base32(l)}`; } };
    for (const m of methods) if (m.id === 'passcode') links[name].passcode = m.code;
    if (passphrase) links[name].passphrase = passphrase;
    return g;
  }

  const passkey = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const credential = randomBytes(16);
  const seed = randomBytes(20);
  const code = { id: 'passcode', code: '7KQ2-9MXA-R4TB' };
  for (const [name, mail] of Object.entries(samples)) {
    grant(name, { mail, methods: [code], language: name === 'spanish' ? 'es' : 'en', views: name === 'html' ? 9 : null });
    if (name === 'big') links.big.sha256 = createHash('sha256').update(samples.big().attachments[0].data).digest('hex');
  }
  grant('alone', { mail: samples.text });
  grant('email', { mail: samples.text, methods: [{ id: 'email', to: 'pat@mail.example', target: 'p•••@m•••.example' }] });
  grant('sms', { mail: samples.text, methods: [{ id: 'sms', to: '+1 555 0100', target: '•••• 00' }] });
  grant('totp', { mail: samples.text, methods: [{ id: 'totp', seed }] });
  links.totp.seed = [...seed].map((b) => b.toString(2).padStart(8, '0')).join('').match(/.{5}/g).map((b) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'[parseInt(b, 2)]).join('');
  links.files = links.text;
  grant('passphrase', { mail: samples.text, passphrase: 'Ünder the blue door' });
  grant('both', { mail: samples.text, passphrase: 'Ünder the blue door', methods: [code] });
  grant('passkey', { mail: samples.text, methods: [{ id: 'passkey', credential, key: passkey.publicKey, count: 0 }] });
  Object.assign(links.passkey, { credential_id: b64(credential), private_key: b64(passkey.privateKey.export({ type: 'pkcs8', format: 'der' })), user_handle: b64(Buffer.from('pat')) });
  grant('choice', { mail: samples.text, methods: [code, { id: 'sms', to: '+1 555 0100', target: '•••• 00' }, { id: 'totp', seed }, { id: 'sso', url: `${base}/sso` }, { id: 'passkey', credential, key: passkey.publicKey, count: 0 }] });
  for (const name of ['report', 'wrong']) grant(name, { mail: samples.text, methods: [code] });
  for (const state of ['revoked', 'expired', 'views', 'held']) grant(state, { mail: samples.text, methods: [code], state });

  function live(g) {
    if (g.state === 'live') return;
    throw new Refusal(g.state === 'held' ? 423 : 410, g.state);
  }

  function session(g, req) {
    const name = `__Host-ms-${g.id.slice(0, 16)}=`;
    const cookie = (req.headers.cookie || '').split('; ').find((c) => c.startsWith(name));
    const s = cookie && g.sessions.get(cookie.slice(name.length));
    if (!s) throw new Refusal(403, 'factor_required');
    return s;
  }

  function setSession(g, res, state) {
    const sid = b64(randomBytes(16));
    if (state.sid) g.sessions.delete(state.sid);
    g.sessions.set(sid, Object.assign(state, { sid }));
    res.setHeader('Set-Cookie', `__Host-ms-${g.id.slice(0, 16)}=${sid}; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=1800`);
  }

  const complete = (g, s) => (!g.passphrase || s.passphrase) && (!g.methods.length || s.method);

  /** Whether the link alone does not open it. */
  const guarded = (g) => !!(g.passphrase || g.methods.length);

  function totp(step) {
    const counter = Buffer.alloc(8);
    counter.writeBigUInt64BE(BigInt(step));
    const h = createHmac('sha1', seed).update(counter).digest();
    return String((h.readUInt32BE(h[19] & 15) & 0x7fffffff) % 1e6).padStart(6, '0');
  }

  function judge(g, s, m, body) {
    if (m.id === 'passcode') return plainCode(body.code) === plainCode(m.code);
    if (m.id === 'sso') return true;
    if (m.id === 'totp') {
      const now = Math.floor(Date.now() / 30000);
      const step = [now - 1, now, now + 1].find((n) => n > g.totpStep && totp(n) === body.code);
      return step !== undefined && !!(g.totpStep = step);
    }
    if (m.id === 'passkey') {
      const { clientDataJSON, authenticatorData, signature } = body.credential.response;
      const data = un64(authenticatorData);
      const client = JSON.parse(un64(clientDataJSON).toString());
      const count = data.readUInt32BE(33);
      const right = s.challenge && client.challenge === s.challenge && client.type === 'webauthn.get' && client.origin === origin && (data[32] & 5) === 5 &&
        verify('sha256', Buffer.concat([data, createHash('sha256').update(un64(clientDataJSON)).digest()]), m.key, un64(signature)) && count > m.count;
      s.challenge = null;
      if (right) m.count = count;
      return right;
    }
    if (!s.code) throw new Refusal(409, 'no_code');
    const right = s.code === body.code;
    if (right) s.code = null;
    return right;
  }

  async function post(g, path, body, req, res) {
    if (path === '/challenge') {
      const mac = createHmac('sha256', g ? g.a : Buffer.alloc(32)).update('mailseal/1/portal/challenge').update(g ? g.grant : '').update(un64(body.nonce)).digest();
      if (!g || !equal(mac, un64(body.mac))) throw new Refusal(404, 'not_found');
      live(g);
      let s;
      try {
        s = session(g, req);
      } catch {
        setSession(g, res, (s = {}));
      }
      return {
        reference: g.reference, language: g.language, floor: guarded(g) ? 'p2' : 'p0', expires: Date.now() + 7 * 86400e3, views_left: g.views, complete: !!complete(g, s), replies: true,
        methods: g.methods.map(({ id, target, url }) => ({ id, target, url })),
        passphrase: g.passphrase && { salt: b64(g.passphrase.salt), iterations: g.passphrase.iterations },
      };
    }
    if (!g) throw new Refusal(404, 'not_found');
    const s = session(g, req);
    if (path === '/logout') {
      g.sessions.delete(s.sid);
      return {};
    }
    live(g);
    const factor = /^\/factor\/(\w+)\/(start|verify)$/.exec(path);
    if (factor) {
      const m = factor[1] === 'passphrase' ? g.passphrase && { id: 'passphrase' } : g.methods.find(({ id }) => id === factor[1]);
      if (!m) throw new Refusal(404, 'not_found');
      if (factor[2] === 'start') {
        if (m.id === 'passkey') {
          s.challenge = b64(randomBytes(32));
          return { publicKey: { challenge: s.challenge, rpId: 'localhost', userVerification: 'required', timeout: 60000, allowCredentials: [{ type: 'public-key', id: b64(m.credential) }] } };
        }
        s.code = String(Math.floor(Math.random() * 1e8)).padStart(8, '0');
        outbox.push({ to: m.to, code: s.code });
        return { sent: true, again_in: 60, valid: 600 };
      }
      if (!g.tries) throw new Refusal(429, 'wait', { seconds: 900 });
      const right = m.id === 'passphrase' ? equal(un64(body.proof), g.proof) : judge(g, s, m, body);
      if (!right) {
        g.tries--;
        throw g.tries ? new Refusal(403, 'wrong', { tries_left: g.tries }) : new Refusal(429, 'wait', { seconds: 900 });
      }
      g.tries = 5;
      s[m.id === 'passphrase' ? 'passphrase' : 'method'] = true;
      setSession(g, res, s);
      return { complete: !!complete(g, s) };
    }
    if (path === '/report-misdirected') {
      const locked = guarded(g) && !!complete(g, s);
      if (locked) g.state = 'revoked';
      g.sessions.delete(s.sid);
      return { locked };
    }
    if (!complete(g, s)) throw new Refusal(403, 'factor_required');
    if (path === '/release') {
      const it = g.item();
      if (g.views !== null && !s.counted) g.views--;
      s.counted = true;
      return { share: b64(g.s), dek: b64(g.wrapped), item: it.id.toString('hex'), manifest: b64(it.manifest), parts: it.parts.length, views_left: g.views };
    }
    if (path === '/passkey/start')
      return { publicKey: { challenge: b64(randomBytes(32)), rp: { id: 'localhost', name: 'Clinic' }, user: { id: b64(Buffer.from('pat')), name: 'p', displayName: 'p' }, pubKeyCredParams: [{ type: 'public-key', alg: -7 }, { type: 'public-key', alg: -257 }], authenticatorSelection: { userVerification: 'required', residentKey: 'preferred' }, excludeCredentials: [] } };
    if (path === '/passkey/finish') {
      if (!body.credential.response.attestationObject) throw new Refusal(400, 'malformed');
      return {};
    }
    if (path === '/replies') {
      const id = randomBytes(16).toString('hex');
      g.replies.set(id, { ...body, parts: [] });
      return { reply: id, part_bytes: 1 << 20, limit: 64 << 20 };
    }
    const commit = /^\/replies\/([0-9a-f]{32})\/commit$/.exec(path);
    const r = commit && g.replies.get(commit[1]);
    if (!r || r.parts.length !== body.parts) throw new Refusal(404, 'not_found');
    const taken = { reference: 'R-' + commit[1].slice(0, 8).toUpperCase() };
    if (r.done) return taken;
    const info = Buffer.concat([Buffer.from('mailseal/1/portal/reply'), g.grant, key.id]);
    const dek = hpkeOpen(key.ecdh, un64(r.sealed_key), info, un64(r.wrapped));
    const plain = open(dek, Buffer.concat([Buffer.from('mailseal/1/portal/reply\0'), g.grant]), Buffer.concat(r.parts));
    if (plain.length !== r.size) throw new Refusal(422, 'refused');
    const n = plain.readUInt32BE(0);
    const head = JSON.parse(plain.subarray(4, 4 + n).toString());
    let at = 4 + n;
    for (const a of head.attachments) {
      a.sha256 = createHash('sha256').update(plain.subarray(at, at + a.size)).digest('hex');
      at += a.size;
    }
    if (at !== plain.length) throw new Refusal(422, 'refused');
    r.done = true;
    replies.push(head);
    return taken;
  }

  function shell() {
    const fill = { organisation: 'Lindenhof Clinic', contact: '+1 555 0123', languages: 'en es', logo: `${base}/logo`, base, version: VERSION };
    return assets.get('index.html').replace(/\{\{(\w+)\}\}/g, (_, k) => fill[k].replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`));
  }

  const server = createServer(async (req, res) => {
    for (const [k, v] of Object.entries(HEADERS)) res.setHeader(k, v);
    const json = (status, body) => res.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
    try {
      const path = req.url.split('?')[0].slice(base.length);
      const get = req.method === 'GET' || req.method === 'HEAD';
      if (get && path === '/test/outbox') return json(200, outbox);
      if (get && path === '/test/replies') return json(200, replies);
      if (get && path === '/sso') return res.writeHead(200, { 'Content-Type': 'text/html' }).end('<!doctype html><html lang="en"><title>SSO</title><h1>Signed in</h1>');
      if (get && path === '/logo') return res.writeHead(200, { 'Content-Type': 'image/svg+xml' }).end(assets.get('icon.svg'));
      const asset = /^\/assets\/mock\/([\w.]+)$|^\/(sw\.js)$/.exec(path);
      if (get && asset && assets.has(asset[1] || asset[2])) {
        const name = asset[1] || asset[2];
        res.setHeader('Content-Type', TYPES[name.split('.')[1]]);
        if (asset[1]) {
          res.setHeader('Cache-Control', 'public, max-age=31536000, immutable');
          res.setHeader('Cross-Origin-Resource-Policy', 'cross-origin');
        }
        return res.end(assets.get(name));
      }
      const at = /^\/p\/([0-9a-f]{32})(.*)$/i.exec(path);
      if (!at) return json(404, { error: 'not_found' });
      const g = grants.get(at[1].toLowerCase());
      if (get && (at[2] === '' || /^(\/$|\/?%)/.test(at[2]))) return res.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8' }).end(shell());
      const part = /^\/parts\/(\d+)$/.exec(at[2]);
      if (get && part && g) {
        live(g);
        if (!session(g, req).counted) throw new Refusal(403, 'factor_required');
        const row = g.item().parts[part[1]];
        if (!row) throw new Refusal(404, 'not_found');
        res.setHeader('Content-Type', 'application/octet-stream');
        const range = /^bytes=(\d+)-(\d+)$/.exec(req.headers.range || '');
        if (!range) return res.end(row);
        const slice = row.subarray(+range[1], +range[2] + 1);
        return res.writeHead(206, { 'Content-Range': `bytes ${range[1]}-${+range[1] + slice.length - 1}/${row.length}`, 'Content-Length': slice.length }).end(slice);
      }
      if (get || req.headers['x-mailseal'] !== '1' || (req.headers['sec-fetch-site'] !== 'same-origin' && req.headers.origin !== origin)) throw new Refusal(get ? 404 : 403, get ? 'not_found' : 'origin');
      const chunks = [];
      for await (const c of req) chunks.push(c);
      const body = Buffer.concat(chunks);
      const row = /^\/replies\/([0-9a-f]{32})\/parts\/(\d+)$/.exec(at[2]);
      if (req.method === 'PUT' && row && g) {
        session(g, req);
        const r = g.replies.get(row[1]);
        if (!r || body.length > 1 << 20 || (r.parts.length && r.parts[r.parts.length - 1].length !== 1 << 20)) throw new Refusal(400, 'malformed');
        r.parts[+row[2]] = body;
        return json(200, {});
      }
      json(200, await post(g, at[2], JSON.parse(body), req, res));
    } catch (e) {
      if (e instanceof Refusal) return json(e.status, e.body);
      console.error(e);
      json(500, { error: 'server' });
    }
  });
  await new Promise((r) => server.listen(0, '127.0.0.1', r));
  origin = `http://localhost:${server.address().port}`;
  return {
    base: origin + base,
    links: { outbox: `${origin}${base}/test/outbox`, replies: `${origin}${base}/test/replies`, links },
    close: () => new Promise((r) => (server.closeAllConnections(), server.close(r))),
  };
}

if (process.argv[1] === new URL(import.meta.url).pathname) console.log(JSON.stringify((await start()).links, null, 2));


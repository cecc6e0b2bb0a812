// What the page must do, in a browser. Names begin with the number of the
// portal's thirty tests where they are one of them.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { MESSAGE, Skip, assert, download, headed, heading, screen } from './world.mjs';
import { NAMES } from './samples.mjs';
import { memory } from './memory.mjs';
import { screens } from './screens.mjs';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const sha256 = (b) => createHash('sha256').update(b).digest('hex');
/** The last attachment. */
const LAST = 'section section li:last-child';
const text = (page) => page.textContent('body');
const secretOf = (url) => url.split('#')[1];
// A byte that is set to a value may have it already.
const flipped = (body, at) => Buffer.from(body.map((b, n) => (n === at ? b ^ 1 : b)));

/** Where a code is kept that something must not hold. */
async function assertNoTrace(page, ...secrets) {
  const stored = await page.evaluate(async () => JSON.stringify([
    Object.entries(localStorage), Object.entries(sessionStorage), document.cookie, name, history.state, document.title, location.href, document.documentElement.outerHTML,
    (await indexedDB.databases()).map((d) => d.name), await caches.keys(), performance.getEntriesByType('resource').map((e) => e.name),
  ]));
  const [, , , , , , , , databases, boxes] = JSON.parse(stored);
  assert.deepEqual([databases, boxes], [[], []]);
  const { seen } = page;
  const sent = JSON.stringify(seen.requests.map(({ url, headers }) => [url, headers.referer]));
  for (const s of secrets)
    for (const [where, all] of [['page', stored], ['console', seen.console.join()], ['requests', sent]])
      assert.ok(!all.toLowerCase().includes(s.toLowerCase()), `${s.slice(0, 4)}… in ${where}`);
}

export const tests = {
  async 't01 loading a link sends GETs and one challenge; HEAD and GET sent again change nothing'(w) {
    const page = await w.page();
    const { url, passcode } = w.links.text;
    await w.visit(page, url);
    assert.deepEqual(page.seen.requests.filter((r) => r.method !== 'GET').map((r) => [r.method, new URL(r.url).pathname.split('/').pop()]), [['POST', 'challenge']]);
    for (const method of ['GET', 'HEAD']) for (let i = 0; i < 20; i++) assert.equal((await fetch(url.split('#')[0], { method })).status, 200);
    await w.passcode(page, passcode);
    await page.waitForSelector(MESSAGE);
  },

  async 't02 a scanner that clicks everything causes at most one code and burns nothing'(w) {
    w.has('choice', 'wrong');
    const before = (await w.codes()).length;
    for (const kind of ['choice', 'wrong']) {
      const page = await w.page();
      await w.visit(page, w.links[kind].url);
      for (let i = 0; i < 25; i++) {
        const all = await page.$$('main button:not(:disabled), main a');
        if (!all.length) break;
        await all[i % all.length].click({ timeout: 2000 }).catch(() => {});
        await page.waitForFunction(() => !document.querySelector('.wait, [aria-disabled]'));
      }
      assert.equal(await page.$(MESSAGE), null);
    }
    assert.ok((await w.codes()).length <= before + 1);
    // Neither a try nor the link is used up.
    const page = await w.page();
    await w.visit(page, w.links.wrong.url);
    await w.passcode(page, w.links.wrong.passcode);
    await page.waitForSelector(MESSAGE);
  },

  async 't03 "#" turned into %23 or %2523: opens, and the address is cleaned'(w) {
    const { url } = w.links.text;
    for (const mark of ['%23', '%2523', '/%23', '?utm_source=x#', '%252523']) {
      const page = await w.letter('text', { url: url.replace('#', mark) });
      assert.equal(page.url(), url.split('#')[0]);
      // The request for the shell itself holds it; nothing after does.
      page.seen.requests.shift();
      await assertNoTrace(page, secretOf(url));
      await w.close(page);
    }
  },

  async 't04 fragment lost: the code is typed, in any case, with or without groups'(w) {
    const { url, passcode } = w.links.text;
    const code = secretOf(url);
    const grouped = code.match(/.{4}/g);
    for (const typed of [grouped.join('-'), code.toLowerCase(), grouped.join(' ').toLowerCase(), code.replace(/0/g, 'o').replace(/1/g, 'l'), `  ${grouped.join('–')}\n`]) {
      const page = await w.page();
      await w.visit(page, url.split('#')[0]);
      assert.equal(await heading(page), 'Enter the code from the e-mail');
      await page.fill('#field', typed);
      await page.click('form button');
      await headed(page, 'Enter your passcode');
      await w.close(page);
    }
    const page = await w.page();
    await w.visit(page, url.split('#')[0]);
    await page.click('#field');
    await page.keyboard.type(code.toLowerCase());
    assert.equal(await page.inputValue('#field'), grouped.join('-'));
    await page.fill('#field', code.slice(1));
    await page.click('form button');
    assert.match(await page.textContent('.error'), /32 characters; you entered 31/);
    assert.equal(await page.evaluate(() => document.activeElement.id), 'field');
    await page.fill('#field', code);
    await page.click('form button');
    await headed(page, 'Enter your passcode');
    await w.passcode(page, passcode);
    await page.waitForSelector(MESSAGE);
    await assertNoTrace(page, code, passcode);
  },

  async 't05 a link in another case, or with what wrapping leaves in it'(w) {
    const { url } = w.links.text;
    const [shell, code] = url.split('#');
    const id = shell.slice(-32);
    for (const mangled of [shell + '#' + code.toLowerCase(), shell.replace(id, id.toUpperCase()) + '#' + code, `${shell}#${code.slice(0, 9)}%20${code.slice(9)}`, `${shell}#${code.slice(0, 20)}=%0D%0A${code.slice(20)}`, `${shell}#${code}.`, `${shell}#${code.match(/.{4}/g).join('-')}`]) {
      const page = await w.page();
      await w.visit(page, mangled);
      assert.equal(await heading(page), 'Enter your passcode', mangled);
      assert.ok(!page.url().includes('#'));
      await w.close(page);
    }
  },

  async 't06 right id with wrong code, and an unknown id, look the same'(w) {
    const { url } = w.links.text;
    const [shell, code] = url.split('#');
    const other = (code[0] === '0' ? '1' : '0') + code.slice(1);
    const shown = [];
    for (const bad of [`${shell}#${other}`, `${shell.slice(0, -32)}${'0'.repeat(32)}#${code}`]) {
      const page = await w.page();
      await w.visit(page, bad);
      await headed(page, 'No message was found');
      shown.push(await page.textContent('main'));
    }
    assert.equal(shown[0], shown[1]);
  },

  async 't07 the holder of the link is told: revoked, expired, read as often as allowed, on hold'(w) {
    w.has('revoked', 'expired', 'views', 'held');
    for (const [kind, title] of [['revoked', 'This message was withdrawn'], ['expired', 'This message has run out'], ['views', 'This message was read as often as allowed'], ['held', 'This message is on hold']]) {
      const page = await w.page();
      await w.visit(page, w.links[kind].url);
      await headed(page, title);
      const code = secretOf(w.links[kind].url);
      const other = await w.page();
      await w.visit(other, `${w.links[kind].url.split('#')[0]}#${(code[0] === '0' ? '1' : '0') + code.slice(1)}`);
      await headed(other, 'No message was found');
    }
  },

  async 't08 a wrong code: tries left are told, the field has the focus; then a wait that counts down'(w) {
    w.has('wrong');
    const page = await w.page();
    await w.visit(page, w.links.wrong.url);
    await w.passcode(page, 'ZZZZ-ZZZZ-ZZZZ');
    await page.waitForSelector('.error:not(:empty)');
    assert.match(await page.textContent('.error'), /That is not right\. You have \d tries left\./);
    assert.deepEqual(await page.evaluate(() => [document.activeElement.id, document.activeElement.getAttribute('aria-invalid'), document.querySelector('.error').getAttribute('role')]), ['field', 'true', 'alert']);
    await w.refuse(page, '**/verify', 429, { error: 'wait', seconds: 600 });
    await w.passcode(page, 'ZZZZ-ZZZZ-ZZZZ');
    await headed(page, 'Too many tries');
    assert.match(await page.textContent('[role=timer]'), /You can try again in (10:00|9:\d\d)\./);
    assert.ok(await page.isDisabled('.primary'));
    const later = (ms) => page.evaluate((ms) => ((now) => (Date.now = () => now() + ms))(Date.now), ms);
    await later(240e3);
    await page.waitForFunction(() => /in [0-6]:\d\d/.test(document.querySelector('[role=timer]').textContent));
    assert.ok(await page.isDisabled('.primary'));
    await later(360e3);
    await page.waitForSelector('.primary:not(:disabled)');
    await page.unroute('**/verify');
    await page.click('.primary');
    await page.waitForSelector('#field');
    await w.passcode(page, w.links.wrong.passcode);
    await page.waitForSelector(MESSAGE);
  },

  async 't12 no release without a factor'(w) {
    const page = await w.page();
    await w.visit(page, w.links.text.url);
    const status = await page.evaluate(async () => {
      const init = { method: 'POST', headers: { 'Content-Type': 'application/json', 'X-Mailseal': '1' }, body: '{}' };
      return [(await fetch(location.pathname + '/release', init)).status, (await fetch(location.pathname + '/parts/0')).status];
    });
    assert.deepEqual(status, [403, 403]);
  },

  async 't15 the cookie is out of reach, and new after the factor'(w) {
    const page = await w.page();
    await w.visit(page, w.links.text.url);
    const [before] = await page.context().cookies();
    assert.match(before.name, /^__Host-ms-[0-9a-f]{16}$/);
    assert.deepEqual([before.httpOnly, before.secure, before.sameSite, before.path], [true, true, 'Strict', '/']);
    await w.passcode(page, w.links.text.passcode);
    await page.waitForSelector(MESSAGE);
    const after = await page.context().cookies();
    assert.equal(after.length, 1);
    assert.notEqual(after[0].value, before.value);
    assert.equal(await page.evaluate(() => document.cookie), '');
  },

  async 't17 after log-out neither the back button nor a restored page shows anything'(w) {
    const page = await w.letter('text', { fresh: true });
    const body = w.mock ? 'levothyroxine' : 'insurance card';
    assert.ok((await text(page)).includes(body));
    await page.click('text=Log out');
    await headed(page, 'You are logged out');
    assert.ok(!(await page.content()).includes(body));
    await page.goto(w.base + '/nothing');
    await page.goBack();
    await screen(page);
    assert.ok(!(await page.content()).includes(body));
    assert.equal(await page.$(MESSAGE), null);
    // Left while the message is shown, and come back: out of the bfcache or not.
    const other = await w.letter('text');
    await other.goto(w.base + '/nothing');
    await other.goBack();
    await screen(other);
    assert.ok(!(await other.content()).includes(body));
    assert.equal(await other.$(MESSAGE), null);
    const third = await w.letter('text');
    await third.evaluate(() => dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true })));
    assert.ok(!(await third.content()).includes(body));
    await headed(third, 'You are logged out');
  },

  async 't17 a message that is revoked while it is open gives no more bytes'(w) {
    const page = await w.letter('text');
    await w.refuse(page, '**/parts/*', 410, { error: 'revoked' });
    await page.click('.files li button');
    await headed(page, 'This message was withdrawn');
    assert.ok(!(await page.content()).includes('levothyroxine') && !(await page.content()).includes('insurance'));
  },

  async 't18 the rows of another message under this one’s keys: damaged'(w) {
    w.has('rich');
    const other = await w.letter('rich');
    const id = w.links.rich.url.split('#')[0];
    const row = await other.evaluate(async (u) => Array.from(new Uint8Array(await (await fetch(u + '/parts/0')).arrayBuffer())), id);
    const page = await w.page();
    await w.visit(page, w.links.text.url);
    await w.twist(page, '**/parts/*', ({ request }) => {
      const [, a, b] = /bytes=(\d+)-(\d+)/.exec(request.headers().range);
      return { status: 206, body: Buffer.from(row).subarray(+a, +b + 1) };
    });
    await w.passcode(page, w.links.text.passcode);
    await headed(page, 'This message is damaged');
  },

  async 't19 changed, cut, lengthened, empty, swapped and replayed rows: damaged, and nothing is shown'(w) {
    const flip = (at) => (b) => ((b[(at + b.length) % b.length] ^= 1), b);
    const changes = {
      header: flip(3), commitment: flip(30), 'first byte': flip(60), 'last byte': flip(-1), cut: (b) => b.subarray(0, -1), 'cut tag': (b) => b.subarray(0, -17), empty: () => Buffer.alloc(0), zeros: (b) => Buffer.alloc(b.length),
    };
    for (const [what, change] of Object.entries(changes)) {
      const page = await w.page();
      if (w.sessions.text) await page.context().addCookies(w.sessions.text);
      await w.twist(page, '**/parts/*', ({ body }) => ({ body: change(Buffer.from(body)) }));
      await w.visit(page, w.links.text.url);
      if (await page.$('#field')) await w.passcode(page, w.links.text.passcode);
      await headed(page, 'This message is damaged').catch((e) => assert.fail(`${what}: ${e}`));
      assert.equal(await page.$(MESSAGE), null);
      await w.close(page);
    }
  },

  async 't19 exactly 16 KiB: opens, and not without the empty last chunk'(w) {
    w.has('exact');
    await w.letter('exact');
    const page = await w.page();
    await page.context().addCookies(w.sessions.exact);
    await w.twist(page, '**/parts/*', ({ body, request }) => ({ body: /bytes=0-55$/.test(request.headers().range) ? body : body.length === 16 ? Buffer.alloc(16) : body }));
    await w.visit(page, w.links.exact.url);
    await headed(page, 'This message is damaged');
  },

  async 't19 a file whose rows are damaged, swapped or cut is never called complete'(w) {
    w.has('edges');
    const rows = async (page, how) => w.twist(page, '**/parts/*', how);
    const cases = {
      changed: (page) => rows(page, ({ body, request }) => ({ body: /parts\/1$/.test(request.url()) ? flipped(body, 5000) : body })),
      cut: (page) => rows(page, ({ body, request }) => ({ body: /parts\/2$/.test(request.url()) ? body.subarray(0, -1) : body })),
      swapped: (page) => page.route('**/parts/*', (r) => r.continue({ url: r.request().url().replace(/parts\/1$/, 'parts/9').replace(/parts\/2$/, 'parts/1').replace(/parts\/9$/, 'parts/2') })),
      replayed: (page) => page.route('**/parts/*', (r) => r.continue({ url: r.request().url().replace(/parts\/2$/, 'parts/1') })),
    };
    for (const [what, twist] of Object.entries(cases)) {
      const page = await w.letter('edges');
      const saved = [];
      page.on('download', (d) => saved.push(d));
      await twist(page);
      await page.click(`${LAST} button`);
      await page.waitForSelector(`${LAST} .error`);
      assert.match(await page.textContent(`${LAST} .error`), /damaged\. It was not saved/, what);
      assert.match(await page.textContent('#live'), /damaged/);
      assert.deepEqual(saved, [], what);
      await w.close(page);
    }
  },

  async 't19 a file that is shorter or longer than the letter says is not saved'(w) {
    w.has('lies');
    const page = await w.letter('lies');
    const saved = [];
    page.on('download', (d) => saved.push(d));
    for (const n of [1, 2]) {
      await page.click(`section section li:nth-child(${n}) button`);
      await page.waitForSelector(`section section li:nth-child(${n}) .error`);
    }
    assert.deepEqual(saved, []);
  },

  async 't19 another number of rows than the manifest says: damaged'(w) {
    for (const more of [1, -1]) {
      const page = await w.page();
      if (w.sessions.text) await page.context().addCookies(w.sessions.text);
      await w.twist(page, '**/release', ({ body }) => {
        const r = JSON.parse(body);
        return { body: JSON.stringify({ ...r, parts: r.parts + more }) };
      });
      await w.visit(page, w.links.text.url);
      if (await page.$('#field')) await w.passcode(page, w.links.text.passcode);
      await headed(page, 'This message is damaged');
    }
  },

  async 't21 a manifest, and with it a reply key, that somebody changed: damaged'(w) {
    for (const at of [10, 40, 80, -1]) {
      const page = await w.page();
      if (w.sessions.text) await page.context().addCookies(w.sessions.text);
      await w.twist(page, '**/release', ({ body }) => {
        const r = JSON.parse(body);
        const m = Buffer.from(r.manifest, 'base64url');
        m[(at + m.length) % m.length] ^= 1;
        return { body: JSON.stringify({ ...r, manifest: m.toString('base64url') }) };
      });
      await w.visit(page, w.links.text.url);
      if (await page.$('#field')) await w.passcode(page, w.links.text.passcode);
      await headed(page, 'This message is damaged');
    }
    const page = await w.page();
    await page.context().addCookies(w.sessions.text || []);
    await w.twist(page, '**/release', ({ body }) => ({ body: JSON.stringify({ ...JSON.parse(body), share: Buffer.alloc(32).toString('base64url') }) }));
    await w.visit(page, w.links.text.url);
    if (await page.$('#field')) await w.passcode(page, w.links.text.passcode);
    await headed(page, 'This message is damaged');
  },

  async 't22 file names that attack are text, and safe as names of files'(w) {
    w.has('names');
    const page = await w.letter('names', { fresh: true });
    const shown = await page.$$eval('.files bdi', (all) => all.map((e) => [e.textContent, e.children.length]));
    assert.ok(shown.every(([name, n]) => n === 0 && !/[\u202a-\u202e\r\n]/.test(name)));
    const buttons = await page.$$('.files:first-of-type li button');
    for (const b of buttons) {
      const { name } = await download(page, () => b.click());
      assert.doesNotMatch(name, /[\u0000-\u001f\u202a-\u202e\u2066-\u2069\\/:*?"<>|]|^\.|^con\./i);
    }
    // Through the worker, where the name stands in a header.
    const other = await w.letter('names', { workers: 'allow' });
    for (const name of NAMES) {
      const { name: got, body } = await download(other, () => other.evaluate(async (name) => {
        const dir = document.querySelector('script[type=module]').src.replace(/[^/]*$/, '');
        const { save } = await import(dir + 'save.js');
        const read = async function* () {
          for (let i = 0; i < 9; i++) yield [new Uint8Array(1e6).fill(65 + i)];
        };
        save({ name, size: 9e6, offset: 0, length: 9e6, encoding: 'identity', read, app: { base: location.pathname }, signal: new AbortController().signal, progress() {}, resume() {} });
      }, name));
      assert.doesNotMatch(got, /[\u0000-\u001f\u202a-\u202e\u2066-\u2069\\/:*?"<>|]|^\.|^con\.|^evil/i);
      assert.equal(body.length, 9e6);
    }
  },

  async 't23 HTML that attacks runs nothing and asks for nothing'(w) {
    w.has('html');
    const page = await w.letter('html');
    await page.waitForFunction(() => document.querySelector('iframe').offsetHeight > 100);
    const frame = page.frames()[1];
    // DevTools look into the frame, where no script runs.
    const inFrame = await frame.evaluate(() => document.body.innerText);
    assert.match(inFrame, /Glucose|HbA1c/);
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => setTimeout(done))));
    assert.ok(!/PWNED/.test(await page.title()));
    assert.deepEqual(page.seen.requests.filter((r) => /leak/.test(r.url)), []);
    assert.equal(await page.getAttribute('iframe', 'sandbox'), '');
    const inPage = await page.evaluate(() => ['script:not([src])', '[onerror]', 'form[action]', 'object', 'embed', 'base', 'meta[http-equiv]', 'video'].filter((s) => document.querySelector(s)));
    assert.deepEqual(inPage, []);
    const links = await page.$$eval('.html a', (all) => all.map((a) => [a.href, a.rel]));
    assert.ok(links.every(([href]) => !/^javascript/i.test(href)));
    await w.settle({ quiet: false });
  },

  async 't24 a reply’s limits are told before anything is sent'(w) {
    const page = await w.letter('text');
    await page.click('.bar .primary');
    await page.waitForSelector('#pick');
    assert.match(await page.textContent('#limits'), /25 files, 67 MB/);
    await page.setInputFiles('#pick', Array.from({ length: 26 }, (_, i) => ({ name: `${i}.txt`, mimeType: 'text/plain', buffer: Buffer.from('x') })));
    await page.waitForFunction(() => /too much/.test(document.querySelector('form .files + .error').textContent));
    await page.fill('#field', 'text');
    await page.click('form .primary');
    await page.waitForFunction(() => /too much/.test(document.querySelector('#error').textContent));
    assert.ok(!page.seen.requests.some((r) => /replies/.test(r.url)));
    await page.click('.files li:first-child button');
    await page.waitForFunction(() => !document.querySelector('form .files + .error').textContent);
  },

  async 't26 neither code nor subject nor text in title, address, storage, console, Referer'(w) {
    const page = await w.letter('text', { fresh: true });
    const subject = await heading(page);
    const { url, passcode } = w.links.text;
    await assertNoTrace(page, secretOf(url), passcode);
    assert.ok(!(await page.title()).includes(subject));
    assert.ok(!page.seen.requests.some((r) => r.url.includes(encodeURIComponent(subject)) || r.headers.referer));
  },

  async 't30 a passkey opens; without user verification, or refused, it does not'(w) {
    w.has('passkey');
    const { url, credential_id, private_key, user_handle } = w.links.passkey;
    const std = (s) => Buffer.from(s, 'base64url').toString('base64');
    let count = 1;
    for (const verified of [false, true]) {
      const page = await w.page();
      const cdp = await page.context().newCDPSession(page);
      await cdp.send('WebAuthn.enable', { enableUI: false });
      const { authenticatorId } = await cdp.send('WebAuthn.addVirtualAuthenticator', { options: { protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true, isUserVerified: verified, automaticPresenceSimulation: true } });
      await cdp.send('WebAuthn.addCredential', { authenticatorId, credential: { credentialId: std(credential_id), isResidentCredential: true, rpId: new URL(w.base).hostname, privateKey: std(private_key), userHandle: std(user_handle), signCount: (count += 10) } });
      await w.visit(page, url);
      await headed(page, 'Use your passkey');
      await page.click('form button');
      if (verified) await page.waitForSelector(MESSAGE);
      else {
        await page.waitForSelector('.error:not(:empty)');
        assert.match(await page.textContent('.error'), /No passkey was used/);
      }
    }
  },

  async 'a passkey can be set up for later'(w) {
    const page = await w.letter('text');
    const cdp = await page.context().newCDPSession(page);
    await cdp.send('WebAuthn.enable', { enableUI: false });
    await cdp.send('WebAuthn.addVirtualAuthenticator', { options: { protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true } });
    await page.click('text=Set up a passkey');
    await page.click('.bar .primary');
    await page.waitForFunction(() => /is set up/.test(document.querySelector('#main [role=alert]').textContent));
    await page.click('text=Back');
    await page.waitForSelector(MESSAGE);
  },

  async 'code by e-mail: sent when asked for, pasted with blanks; send again counts down'(w) {
    w.has('email');
    const page = await w.page();
    await w.visit(page, w.links.email.url);
    await headed(page, 'Get a code by e-mail');
    assert.match(await page.textContent('.target'), /•/);
    await page.click('form button');
    await page.waitForSelector('#field');
    assert.deepEqual(await page.$eval('#field', (f) => [f.autocomplete, f.inputMode]), ['one-time-code', 'numeric']);
    assert.match(await page.textContent('#main button.link'), /Send it again \(\d:\d\d\)/);
    assert.ok(await page.isDisabled('#main button.link'));
    const { code } = (await w.codes()).pop();
    await w.passcode(page, 'none');
    assert.match(await page.textContent('.error'), /does not look like a code/);
    await w.passcode(page, ` ${code.slice(0, 4)} ${code.slice(4)}\u200b `);
    await page.waitForSelector(MESSAGE);
  },

  async 'code by text message'(w) {
    w.has('sms');
    const page = await w.page();
    await w.visit(page, w.links.sms.url);
    await page.click('form button');
    await page.waitForSelector('#field');
    await w.passcode(page, (await w.codes()).pop().code);
    await page.waitForSelector(MESSAGE);
  },

  async 'authenticator app'(w) {
    w.has('totp');
    const page = await w.page();
    await w.visit(page, w.links.totp.url);
    const code = w.totp('totp');
    await w.passcode(page, `${code.slice(0, 3)} ${code.slice(3)}`);
    await page.waitForSelector(MESSAGE);
  },

  async 'passphrase: wrong, then right in another spelling; never sent; progress is shown'(w) {
    w.has('passphrase');
    const page = await w.page();
    await w.visit(page, w.links.passphrase.url);
    await headed(page, 'Enter your passphrase');
    assert.equal(await page.getAttribute('#field', 'type'), 'password');
    await page.check('input[type=checkbox]');
    assert.equal(await page.getAttribute('#field', 'type'), 'text');
    const bodies = [];
    page.on('request', (r) => bodies.push(r.postData() || ''));
    // It may be over before anybody asks for it.
    await page.evaluate(() => {
      const work = document.querySelector('progress').parentElement;
      new MutationObserver(() => (window.shown = window.shown || !work.hidden)).observe(work, { attributes: true });
    });
    await w.passcode(page, 'not this one');
    await page.waitForSelector('.error:not(:empty)');
    assert.ok(await page.evaluate(() => window.shown), 'progress was shown');
    await w.passcode(page, w.links.passphrase.passphrase.normalize('NFD'));
    await page.waitForSelector(MESSAGE);
    assert.ok(bodies.length && bodies.every((b) => !/not this one|blue door/.test(b)));
  },

  async 'passphrase and passcode together'(w) {
    w.has('both');
    const page = await w.page();
    await w.visit(page, w.links.both.url);
    await headed(page, 'Enter your passphrase');
    await w.passcode(page, w.links.both.passphrase);
    // Where the passphrase reaches the floor, it is enough.
    await page.waitForFunction(() => document.querySelector('article') || document.querySelector('h1')?.textContent === 'Enter your passcode');
    if (!(await page.$(MESSAGE))) await w.passcode(page, w.links.both.passcode);
    await page.waitForSelector(MESSAGE);
    // Come back in the same session: the server needs nothing, the keys need the passphrase.
    await page.goto('about:blank');
    await w.visit(page, w.links.both.url);
    await headed(page, 'Enter your passphrase');
    await w.passcode(page, w.links.both.passphrase);
    await page.waitForSelector(MESSAGE);
  },

  async 'choice of ways; single sign-on in a new tab'(w) {
    w.has('choice');
    const page = await w.page();
    await w.visit(page, w.links.choice.url);
    await headed(page, 'Show that it is you');
    await page.click('.choices button >> nth=0');
    await headed(page, 'Enter your passcode');
    await page.click('text=Choose another way');
    if (!(await page.$('.choices >> text=Sign in'))) return;
    await page.click('.choices >> text=Sign in');
    const [tab] = await Promise.all([page.context().waitForEvent('page'), page.click('a.button')]);
    await tab.waitForLoadState();
    assert.equal(await tab.evaluate(() => [opener, document.referrer].join()), ',');
    await page.click('form button');
    await page.waitForSelector(MESSAGE);
  },

  async 'files come out as they went in: base64, quoted-printable, as is, empty, the whole message'(w) {
    w.has('files');
    for (const kind of ['files', 'empty', 'edges']) {
      if (!w.links[kind]) continue;
      const page = await w.letter(kind);
      const { samples } = await import('./samples.mjs');
      const known = w.mock ? samples[kind === 'files' ? 'text' : kind]().attachments : [];
      const buttons = await page.$$('.files button');
      for (const [i, b] of buttons.entries()) {
        const { body } = await download(page, () => b.click());
        await page.waitForFunction((n) => document.querySelectorAll('.files li > .hint:not(:empty)').length === n, i + 1);
        if (known[i]) assert.equal(sha256(body), sha256(known[i].data), known[i].name);
        else if (i === buttons.length - 1) assert.match(body.toString('latin1'), /^[\w-]+:[^]*--\r\n$/);
      }
      assert.match(await page.textContent('#live'), /Downloaded/);
    }
  },

  async '100 MB through the worker: the right bytes, with progress and cancel'(w) {
    w.has('big');
    const page = await w.letter('big', { workers: 'allow' });
    await page.waitForFunction(async () => (await navigator.serviceWorker.getRegistration())?.active);
    const { name, body } = await download(page, () => page.click(`${LAST} button`));
    assert.match(name, /mp4$|bin$/);
    await page.waitForFunction(() => document.querySelector('section section li:last-child > .hint')?.textContent === 'Downloaded', null, { timeout: 60000 });
    assert.ok(body.length >= 100e6);
    if (w.links.big.sha256) assert.equal(sha256(body), w.links.big.sha256);
    // Cancelled on the page: the browser keeps nothing. It cannot be over before.
    await page.evaluate(() => {
      const real = fetch;
      window.fetch = (path, init) =>
        /parts\/20$/.test(path) ? new Promise((_, stop) => init.signal.addEventListener('abort', () => stop(init.signal.reason))) : real(path, init);
    });
    const [d] = await Promise.all([page.waitForEvent('download'), page.click(`${LAST} button`)]);
    await page.waitForFunction(() => document.querySelector('progress')?.value > 0);
    await page.click(`${LAST} button`);
    assert.ok(await d.failure());
    await page.waitForFunction(() => document.querySelector('section section li:last-child > .error')?.textContent === 'Cancelled');
    assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Download');
    assert.ok(await page.$(MESSAGE));
  },

  async '100 MB are saved with less than 200 MB of private memory in any page process'(w) {
    w.has('big');
    const { end, renderers } = await memory(w.links.big);
    assert.equal(end, 'Downloaded');
    assert.ok(renderers.length && renderers.every((r) => r.private > 0 && r.private < 200), JSON.stringify(renderers));
  },

  async 't19 a large file damaged in the middle: the browser’s download fails'(w) {
    w.has('big');
    const page = await w.letter('big', { workers: 'allow' });
    await page.waitForFunction(async () => (await navigator.serviceWorker.getRegistration())?.active);
    await page.evaluate(() => {
      const real = fetch;
      window.fetch = async (...a) => {
        const r = await real(...a);
        if (!/parts\/20$/.test(a[0])) return r;
        const b = new Uint8Array(await r.arrayBuffer());
        b[5000] ^= 1;
        return new Response(b, { status: r.status, headers: r.headers });
      };
    });
    const [d] = await Promise.all([page.waitForEvent('download'), page.click(`${LAST} button`)]);
    assert.ok(await d.failure());
    await page.waitForSelector(`${LAST} .error`);
    assert.match(await page.textContent(`${LAST} .error`), /damaged/);
  },

  async 'without a worker a file that is too large is refused with words; a smaller one is saved'(w) {
    w.has('edges');
    const page = await w.letter('edges');
    await page.evaluate(async () => {
      const dir = document.querySelector('script[type=module]').src.replace(/[^/]*$/, '');
      const { save } = await import(dir + 'save.js');
      window.result = await save({ name: 'x', size: 300e6, offset: 0, length: 300e6, encoding: 'identity', read: null, app: null, signal: new AbortController().signal, progress() {}, resume() {} }).catch((e) => [e.kind, e.data.limit]);
    });
    assert.deepEqual(await page.evaluate(() => window.result), ['too_large', 256e6]);
  },

  async 'the connection breaks: while opening, and in a download, which goes on where it was'(w) {
    w.has('edges');
    const page = await w.page();
    await page.route('**/challenge', (r) => r.abort());
    await w.visit(page, w.links.text.url);
    await headed(page, 'No connection');
    await page.unroute('**/challenge');
    await page.click('.primary');
    await headed(page, 'Enter your passcode');
    const other = await w.letter('edges');
    let broken = true;
    await other.route('**/parts/2', (r) => (broken ? r.abort() : r.continue()));
    const saved = other.waitForEvent('download');
    await other.click(`${LAST} button`);
    await other.waitForFunction(() => /connection was lost/.test(document.querySelector('section section li:last-child > .hint').textContent));
    broken = false;
    await other.click(`${LAST} >> text=Try again`);
    const d = await saved;
    if (w.mock) {
      const { samples } = await import('./samples.mjs');
      assert.equal(sha256(readFileSync(await d.path())), sha256(samples.edges().attachments[0].data));
    }
    await other.waitForFunction(() => document.querySelector('section section li:last-child > .hint').textContent === 'Downloaded');
  },

  async 'the session ran out: the factor is asked for again'(w) {
    const page = await screens.session(w, {});
    await headed(page, 'Please show again that it is you');
    await page.unroute('**/parts/*');
    await page.context().clearCookies();
    await page.click('text=Try again');
    await headed(page, 'Enter your passcode');
  },

  async 'a reply with files arrives as it was written; nothing of it is stored'(w) {
    const page = await w.letter('text');
    await page.click('.bar .primary');
    await page.waitForSelector('#pick');
    assert.match(await page.inputValue('#subject'), /^Re: /);
    await page.click('form .primary');
    await page.waitForFunction(() => /needed/.test(document.querySelector('#error').textContent));
    const body = 'Gracias – ¿puedo tomarlo con café? ☕\nSecond line';
    await page.fill('#field', body);
    const files = [{ name: 'Scan ü.pdf', mimeType: 'application/pdf', buffer: Buffer.alloc(2500000, 'abcde') }, { name: 'empty.txt', mimeType: 'text/plain', buffer: Buffer.alloc(0) }];
    await page.setInputFiles('#pick', files);
    // The language changes while it is written.
    await page.click('nav [lang=es]');
    assert.equal(await page.inputValue('#field'), body);
    await page.click('nav [lang=en]');
    const before = (await w.replied()).length;
    await page.click('form .primary');
    await headed(page, 'Your reply was sent');
    assert.match(await page.textContent('main'), /Reference: \S+/);
    const all = await w.replied();
    assert.equal(all.length, before + 1);
    const got = all.pop();
    assert.equal(got.text, body);
    assert.deepEqual(got.attachments.map((a) => [a.name, a.type, a.size, a.sha256]), files.map((f, i) => [f.name, f.mimeType, f.buffer.length, got.attachments[i].sha256 && sha256(f.buffer)]));
    await assertNoTrace(page, 'Gracias');
    assert.ok(!page.seen.requests.some((r) => /Gracias/.test(JSON.stringify(r))));
    await page.click('text=Back');
    await page.waitForSelector(MESSAGE);
  },

  async 'a reply that is not taken, or breaks off, stays on the page'(w) {
    const page = await screens.reply(w, {});
    await page.route('**/replies', (r) => r.abort());
    await page.click('form .primary');
    await page.waitForFunction(() => /No connection/.test(document.querySelector('#error').textContent));
    assert.match(await page.inputValue('#field'), /coffee/);
    await page.unroute('**/replies');
    await w.refuse(page, '**/commit', 422, { error: 'refused' });
    await page.click('form .primary');
    await page.waitForFunction(() => /was not accepted/.test(document.querySelector('#error').textContent));
    assert.match(await page.inputValue('#field'), /coffee/);
  },

  async 'a reply that a busy server turns away waits, and arrives once'(w) {
    const page = await screens.reply(w, {});
    const before = (await w.replied()).length;
    let begun = 0;
    page.on('request', (r) => (begun += /\/replies$/.test(r.url())));
    const commits = [];
    await page.route('**/commit', (r) => {
      commits.push(performance.now());
      if (commits.at(-1) - commits[0] < 2500) return r.fulfill({ status: 503, contentType: 'application/json', body: '{"error":"busy"}' });
      return r.continue();
    });
    await page.click('form .primary');
    await page.waitForFunction(() => /server is busy.*leave this page open/.test(document.querySelector('[role=status]:not([hidden])')?.textContent));
    await headed(page, 'Your reply was sent');
    assert.ok(commits.at(-1) - commits[0] >= 2500 && commits.length < 6, commits.join());
    assert.equal((await w.replied()).length, before + 1);
    assert.equal(begun, 1);
  },

  async 'a server that is busy for minutes: the reply stays, and is not made a second time'(w) {
    const page = await screens.reply(w, {});
    const before = (await w.replied()).length;
    let begun = 0;
    page.on('request', (r) => (begun += /\/replies$/.test(r.url())));
    // Timers run at once; each lasts as long as it says for who looks at the clock.
    await page.evaluate(() => {
      let ahead = 0;
      const [now, timer] = [performance.now.bind(performance), setTimeout];
      performance.now = () => now() + ahead;
      window.setTimeout = (f, ms) => timer(() => ((ahead += ms), f()), 0);
    });
    await w.refuse(page, '**/commit', 503, { error: 'busy' });
    const commits = [];
    page.on('request', async (r) => /commit$/.test(r.url()) && commits.push(await page.evaluate(() => performance.now())));
    await page.click('form .primary');
    await page.waitForFunction(() => /server is busy/.test(document.querySelector('#error').textContent));
    assert.ok(commits.at(-1) - commits[0] > 60000, commits.join());
    assert.ok(commits.length < 20, `${commits.length} commits`);
    await page.unroute('**/commit');
    await page.click('form .primary');
    await headed(page, 'Your reply was sent');
    assert.equal((await w.replied()).length, before + 1);
    assert.equal(begun, 1);
  },

  async 'a reply whose answer is lost is committed again, not sent again; another text is another reply'(w) {
    const page = await screens.reply(w, {});
    const before = (await w.replied()).length;
    let begun = 0;
    page.on('request', (r) => (begun += /\/replies$/.test(r.url())));
    const lost = async (r) => {
      assert.equal((await r.fetch()).status(), 200);
      await r.abort();
    };
    const send = async () => {
      await page.click('form .primary');
      await page.waitForFunction(() => /No connection/.test(document.querySelector('#error').textContent));
    };
    await page.route('**/commit', lost);
    await send();
    // Away from the form and back.
    await page.click('text=Back');
    await page.waitForSelector(MESSAGE);
    await page.click('.bar .primary');
    await page.waitForSelector('#pick');
    await send();
    assert.equal((await w.replied()).length, before + 1);
    assert.equal(begun, 1);
    await page.fill('#field', 'Another text');
    await page.unroute('**/commit');
    await page.click('form .primary');
    await headed(page, 'Your reply was sent');
    assert.equal((await w.replied()).length, before + 2);
    assert.equal(begun, 2);
    // What is written next is not taken for one of these.
    await page.click('text=Back');
    await page.click('.bar .primary');
    await page.fill('#field', 'Another text');
    await page.click('form .primary');
    await headed(page, 'Your reply was sent');
    assert.equal((await w.replied()).length, before + 3);
  },

  async 'a reply that waited too long for its commit is made anew'(w) {
    const page = await screens.reply(w, {});
    const before = (await w.replied()).length;
    let begun = 0;
    page.on('request', (r) => (begun += /\/replies$/.test(r.url())));
    await page.route('**/commit', (r) => r.abort());
    await page.click('form .primary');
    await page.waitForFunction(() => /No connection/.test(document.querySelector('#error').textContent));
    await page.unroute('**/commit');
    // The server swept it meanwhile.
    await page.route('**/commit', (r) => r.fulfill({ status: 404, contentType: 'application/json', body: '{"error":"not_found"}' }), { times: 1 });
    await page.click('form .primary');
    await headed(page, 'Your reply was sent');
    assert.equal((await w.replied()).length, before + 1);
    assert.equal(begun, 2);
  },

  async 'the contact can be dialled'(w) {
    const page = await w.page();
    await w.visit(page, w.links.text.url);
    const link = await page.$('#footer a');
    assert.match(await link.getAttribute('href'), /^tel:\+1555\d+$/);
    assert.match(await link.textContent(), /^\+1 555 \d+$/);
  },

  async 't11 misdirected, says who has the link alone: the sender hears, the message stays'(w) {
    w.has('choice');
    const page = await w.page();
    await w.visit(page, w.links.choice.url);
    await headed(page, 'Show that it is you');
    await page.click('text=This is not for me');
    await headed(page, 'Is this message not for you?');
    await page.click('nav [lang=es]');
    await headed(page, '¿Este mensaje no es para usted?');
    await page.click('text=Atrás');
    await headed(page, 'Demuestre que es usted');
    await page.click('nav [lang=en]');
    await headed(page, 'Show that it is you');
    await page.click('text=This is not for me');
    await page.click('.danger');
    await headed(page, 'Thank you for telling us');
    assert.doesNotMatch(await page.textContent('#main'), /locked/);
    const person = await w.page();
    await w.visit(person, w.links.choice.url);
    await person.click('text=Passcode');
    await w.passcode(person, w.links.choice.passcode);
    await person.waitForSelector(MESSAGE);
  },

  async 't11 misdirected, says who reads a message that the link alone opens: no lock is promised'(w) {
    w.has('alone');
    const page = await w.page();
    await w.visit(page, w.links.alone.url);
    await page.waitForSelector(MESSAGE);
    await page.click('text=This is not for me');
    await headed(page, 'Is this message not for you?');
    assert.doesNotMatch(await page.textContent('#main'), /lock/);
    await page.click('.danger');
    await headed(page, 'Thank you for telling us');
    assert.doesNotMatch(await page.textContent('#main'), /lock/);
    const other = await w.page();
    await w.visit(other, w.links.alone.url);
    await other.waitForSelector(MESSAGE);
  },

  async 'misdirected: asked first, then locked for everybody'(w) {
    w.has('report');
    const page = await w.page();
    await w.visit(page, w.links.report.url);
    await w.passcode(page, w.links.report.passcode);
    await page.waitForSelector(MESSAGE);
    await page.click('text=This is not for me');
    await headed(page, 'Is this message not for you?');
    await page.click('text=Back');
    await page.waitForSelector(MESSAGE);
    await page.click('text=This is not for me');
    await page.click('.danger');
    await headed(page, 'Thank you for telling us');
    assert.match(await page.textContent('#main'), /the message is locked/);
    const other = await w.page();
    await w.visit(other, w.links.report.url);
    await headed(other, 'This message was withdrawn');
  },

  async 'languages: the browser’s, then the message’s, then the visitor’s'(w) {
    w.has('spanish');
    const page = await w.page({ locale: 'es-MX' });
    await w.visit(page, w.links.text.url.split('#')[0]);
    assert.equal(await heading(page), 'Escriba el código del correo');
    assert.equal(await page.getAttribute('html', 'lang'), 'es');
    const other = await w.page();
    await w.visit(other, w.links.spanish.url);
    assert.equal(await heading(other), 'Escriba su código de acceso');
    await other.click('nav [lang=en]');
    await headed(other, 'Enter your passcode');
    assert.equal(await other.evaluate(() => document.activeElement.lang), 'es');
    await w.passcode(other, w.links.spanish.passcode);
    await other.waitForSelector(MESSAGE);
    assert.equal(await other.getAttribute('html', 'lang'), 'en');
  },

  async 'by keyboard alone, from the link to the reply'(w) {
    const page = await w.page();
    await w.visit(page, w.links.text.url);
    const focus = () => page.evaluate(() => (document.activeElement.textContent || document.activeElement.id || document.activeElement.tagName).trim());
    const to = async (what) => {
      for (let i = 0; i < 30; i++) {
        await page.keyboard.press('Tab');
        if ((await focus()) === what) {
          const ring = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
          assert.equal(ring, 'solid', what);
          return;
        }
      }
      assert.fail(`${what} is not reached by Tab`);
    };
    assert.equal(await page.evaluate(() => document.activeElement.tagName), 'H1');
    for (let i = 0; i < 5 && (await focus()) !== 'Skip to content'; i++) await page.keyboard.press('Shift+Tab');
    assert.equal(await focus(), 'Skip to content');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');
    assert.equal(await page.evaluate(() => document.activeElement.id), 'field');
    await page.keyboard.type(w.links.text.passcode);
    await page.keyboard.press('Enter');
    await page.waitForSelector(MESSAGE);
    assert.equal(await page.evaluate(() => document.activeElement.tagName), 'H1');
    await to('Download');
    const [d] = await Promise.all([page.waitForEvent('download'), page.keyboard.press('Enter')]);
    assert.ok(await d.path());
    await page.waitForFunction(() => document.activeElement.textContent === 'Download');
    await to('Reply');
    await page.keyboard.press('Enter');
    await page.waitForSelector('#pick');
    assert.equal(await focus(), 'Your reply');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Tab');
    await page.keyboard.type('By keyboard');
    await to('Send reply');
    await page.keyboard.press('Space');
    await headed(page, 'Your reply was sent');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.waitForSelector(MESSAGE);
    await to('Log out');
    await page.keyboard.press('Enter');
    await headed(page, 'You are logged out');
    delete w.sessions.text;
  },

  async 'axe finds nothing, on any screen, light and dark'(w) {
    for (const [name, reach] of Object.entries(screens)) {
      if (name === 'noscript') continue;
      const page = await skipping(() => reach(w, {}));
      if (!page) continue;
      await page.evaluate(axe);
      for (const colorScheme of ['light', 'dark']) {
        await page.emulateMedia({ colorScheme });
        const { violations } = await page.evaluate((rules) => window.axe.run({ runOnly: rules }), colorScheme === 'dark' ? ['color-contrast'] : ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']);
        assert.deepEqual(violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html).join(' ')}`), [], `${name} ${colorScheme}`);
      }
      await w.close(page);
    }
  },

  async '400 % zoom and right to left: no screen scrolls sideways; targets are 44 px'(w) {
    for (const [name, reach] of Object.entries(screens)) {
      const page = await skipping(() => reach(w, { viewport: { width: 320, height: 256 } }));
      if (!page) continue;
      const wide = () => page.evaluate(() => document.documentElement.scrollWidth);
      if (name !== 'noscript') {
        assert.ok((await wide()) <= 320, `${name}: ${await wide()}`);
        const small = await page.$$eval('button, .button, input:not([type=checkbox]), textarea, summary, label.check', (all) => all.filter((e) => e.offsetParent && (e.offsetHeight < 44 || e.offsetWidth < 44)).map((e) => e.outerHTML));
        assert.deepEqual(small, [], name);
        await page.evaluate(() => (document.documentElement.dir = 'rtl'));
        assert.ok((await wide()) <= 320, `${name} rtl`);
      }
      await w.close(page);
    }
  },

  async 'HTML is shown at full height, follows the width, and is printed as text'(w) {
    if (w.links.rich === w.links.html) throw new Skip('rich');
    const page = await w.letter('rich');
    const height = () => page.evaluate(() => document.querySelector('iframe').offsetHeight);
    await page.waitForFunction(() => document.querySelector('iframe').offsetHeight > 400);
    const wide = await height();
    await page.setViewportSize({ width: 360, height: 640 });
    await page.waitForFunction((h) => document.querySelector('iframe').offsetHeight > h + 50, wide);
    const [frame, copy] = await page.evaluate(() => [document.querySelector('iframe').offsetHeight, document.querySelector('.copy').offsetHeight]);
    assert.ok(frame - copy < 20);
    await page.emulateMedia({ media: 'print' });
    assert.deepEqual(await page.evaluate(() => ['iframe', '.copy', '.bar', 'nav', 'dl', 'h1'].map((s) => getComputedStyle(document.querySelector(s)).display !== 'none')), [false, true, false, false, true, true]);
    assert.equal(await page.evaluate(() => getComputedStyle(document.querySelector('.copy')).visibility), 'visible');
  },

  async 'without JavaScript, without WebCrypto, without modules: told in words'(w) {
    const page = await screens.noscript(w, {});
    assert.match(await page.innerText('main'), /JavaScript is switched off[^]*JavaScript está desactivado/);
    assert.match(await page.innerText('main'), /Lindenhof|\+?\d/);
    const old = await screens.tooOld(w, {});
    await headed(old, 'This browser is too old');
    const broken = await screens.notStarted(w, {});
    assert.match(await broken.innerText('#old'), /could not start/);
    assert.ok(!broken.url().includes('#'));
    const silent = await w.page();
    await silent.route('**/en.js', (r) => r.abort());
    await silent.goto(w.links.text.url);
    await silent.waitForSelector('#old:not([hidden])');
    // A slow connection is no failure.
    const slow = await w.page();
    let go;
    const later = new Promise((r) => (go = r));
    await slow.route('**/en.js', (r) => later.then(() => r.continue()));
    await slow.goto(w.links.text.url, { waitUntil: 'load' });
    assert.equal(await slow.$('#old:not([hidden])'), null);
    go();
    await headed(slow, 'Enter your passcode');
  },

  async 'another link of the same message, pasted into the open window'(w) {
    const { url } = w.links.text;
    const page = await w.page();
    await w.visit(page, url.split('#')[0]);
    await page.evaluate((code) => (location.hash = code), secretOf(url));
    await headed(page, 'Enter your passcode');
    assert.ok(!page.url().includes('#'));
  },

  async 'HTML, CSS and JavaScript together: at most 60 KB as served; nothing inline, nothing foreign'(w) {
    const page = await w.page();
    await page.goto(w.links.text.url);
    const urls = await page.evaluate(() => [...document.querySelectorAll('script[src], link[href]')].map((e) => e.src || e.href));
    const dir = urls[0].replace(/[^/]*$/, '');
    const { served } = await import('./served.mjs');
    /** One language is loaded: the larger one counts. */
    let total = 0;
    const sizes = [];
    const languages = [];
    for (const name of served().keys()) {
      if (name.endsWith('.svg')) continue;
      const at = name === 'index.html' ? w.links.text.url.split('#')[0] : name === 'sw.js' ? w.base + '/sw.js' : dir + name;
      const answer = await fetch(at);
      assert.equal(answer.status, 200, name);
      const { length } = Buffer.from(await answer.arrayBuffer());
      sizes.push(`${name} ${length}`);
      if (/^..\.js$/.test(name) && name !== 'sw.js') languages.push(length);
      else total += length;
    }
    total += Math.max(...languages);
    console.log(`     ${sizes.join(', ')}: ${total} bytes with one language`);
    const html = await (await fetch(w.links.text.url.split('#')[0])).text();
    assert.doesNotMatch(html, /\{\{|<style|style=|<script(?![^>]* src=)|\son\w+=/);
    assert.ok(total <= 60_000, `${total} bytes`);
  },
};

async function skipping(what) {
  try {
    return await what();
  } catch (e) {
    if (e instanceof Skip) return null;
    throw e;
  }
}

// Figures of the page: node bench.mjs [--base URL --links FILE]
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { memory } from './memory.mjs';
import { MESSAGE, World } from './world.mjs';

const { values: args } = parseArgs({ options: { base: { type: 'string' }, links: { type: 'string' } } });
const mock = args.base ? null : await (await import('./mock.mjs')).start();
const world = await new World(args.base || mock.base, args.base ? JSON.parse(readFileSync(args.links, 'utf8')) : mock.links).launch();

const times = [];
for (let i = 0; i < 5; i++) {
  const page = await world.page();
  await world.visit(page, world.links.text.url);
  await page.fill('#field', world.links.text.passcode);
  await page.evaluate((m) => {
    const watch = new MutationObserver(() => document.querySelector(m) && !window.took && (window.took = performance.now() - window.began));
    watch.observe(document.body, { childList: true, subtree: true });
    document.querySelector('form').addEventListener('submit', () => (window.began = performance.now()), true);
  }, MESSAGE);
  await page.press('#field', 'Enter');
  await page.waitForFunction(() => window.took);
  times.push(Math.round(await page.evaluate(() => window.took)));
  if (!i) {
    const load = await page.evaluate(() => {
      const [n] = performance.getEntriesByType('navigation');
      return [Math.round(n.responseEnd), Math.round(performance.getEntriesByName('first-contentful-paint')[0]?.startTime)];
    });
    console.log(`first load: HTML after ${load[0]} ms, first paint after ${load[1]} ms`);
  }
  await page.context().close();
}
console.log(`code entered → message readable (50 KB, with its 48 KB attachment): ${times.join(', ')} ms`);

const page = await world.letter('text');
const speeds = await page.evaluate(async () => {
  const dir = document.querySelector('script[type=module]').src.replace(/[^/]*$/, '');
  const { seal, CHUNK } = await import(dir + 'crypto.js');
  const { openContent } = await import(dir + 'content.js');
  const { decoder } = await import(dir + 'decode.js');
  const utf8 = (s) => new TextEncoder().encode(s);
  const cat = (...p) => new Uint8Array(p.flatMap((x) => [...x]));
  const SIZE = 96 << 20;
  const dek = crypto.getRandomValues(new Uint8Array(32));
  const item = crypto.getRandomValues(new Uint8Array(16));
  const letter = utf8(JSON.stringify({ subject: '', from: '', date: null, text: '', html: null, attachments: [] }));
  const all = async (pieces, size) => {
    const out = new Uint8Array(size);
    let at = 0;
    for await (const p of pieces) {
      out.set(p, at);
      at += p.length;
    }
    return out.subarray(0, at);
  };
  const size = SIZE + letter.length;
  const message = new Uint8Array(SIZE);
  for (let at = 0; at < SIZE; at += 65536) crypto.getRandomValues(message.subarray(at, at + 65536));
  async function* plain() {
    for (let at = 0; at < SIZE; at += 1 << 20) yield message.subarray(at, at + (1 << 20));
    yield letter;
  }
  let t = performance.now();
  const sealed = await all(seal(dek, cat(utf8('mailseal/1/escrow/content\0'), item), plain()), size + 2e6);
  const rate = (ms, n = SIZE) => Math.round(n / ms / 1000);
  const out = { seal: rate(performance.now() - t) };
  const manifest = utf8(JSON.stringify({ v: 2, size, chunks: Math.floor(size / CHUNK) + 1, message: SIZE, letter: { offset: SIZE, length: letter.length }, reply: null }));
  async function* one() {
    yield manifest;
  }
  const sealedManifest = await all(seal(dek, cat(utf8('mailseal/1/escrow/manifest\0'), item), one()), 2000);
  const MIB = 1 << 20;
  // Views of what is in memory: what the network costs is not measured here, and a copy would be the bench's own.
  const content = await openContent({ dek, item, manifest: sealedManifest, parts: Math.ceil(sealed.length / MIB), fetchPart: async (n, from, length) => sealed.subarray(n * MIB + from, n * MIB + from + length) });
  const key = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt']);
  const how = { name: 'AES-GCM', iv: new Uint8Array(12) };
  const SEALED = CHUNK + 16;
  const raw = new Uint8Array((SIZE / CHUNK) * SEALED);
  for (let n = 0; n < SIZE / CHUNK; n++) raw.set(new Uint8Array(await crypto.subtle.encrypt(how, key, message.subarray(n * CHUNK, (n + 1) * CHUNK))), n * SEALED);
  const chunk = (n) => crypto.subtle.decrypt(how, key, raw.subarray(n * SEALED, (n + 1) * SEALED));
  const many = async (at) => {
    for (let n = 0; n < SIZE / CHUNK; n += 64) await Promise.all(Array.from({ length: 64 }, (_, k) => chunk(at(n + k))));
  };
  const ways = {
    page: async () => {
      let got = 0;
      for await (const all of content.read(0, SIZE)) for (const p of all) got += p.length;
      if (got !== SIZE) throw new Error('short');
    },
    raw: () => many((n) => n),
    same: () => many(() => 0),
    one: async () => {
      for (let n = 0; n < SIZE / CHUNK; n++) await chunk(n);
    },
  };
  // One after another in turn, so that what else the machine does meets all of them.
  const runs = { page: [], raw: [], same: [], one: [] };
  for (let i = 0; i < 9; i++)
    for (const [way, run] of Object.entries(ways)) {
      t = performance.now();
      await run();
      runs[way].push(rate(performance.now() - t));
    }
  const lines = utf8('QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWZnaGlqa2xtbm9wcXJzdHV2d3h5ejAxMjM0\r\n'.repeat(14000));
  const { push } = decoder('base64');
  const pieces = Array.from({ length: 64 }, (_, i) => lines.slice(i * CHUNK, (i + 1) * CHUNK).slice());
  t = performance.now();
  for (let i = 0; i < 96; i++) push(pieces);
  out.base64 = rate(performance.now() - t, 96 * 64 * CHUNK);
  const latin1 = new TextDecoder('latin1');
  if ('fromBase64' in Uint8Array) {
    const whole = lines.slice(0, lines.lastIndexOf(10) + 1);
    t = performance.now();
    for (let i = 0; i < 96; i++) Uint8Array.fromBase64(latin1.decode(whole));
    out.native = rate(performance.now() - t, 96 * whole.length);
  }
  return { ...out, ...runs };
});
const median = (a) => [...a].sort((x, y) => x - y)[a.length >> 1];
console.log(`AES-GCM, 96 MiB in chunks of 16 KiB, MB/s, median of nine runs (lowest to highest):`);
for (const [way, name] of Object.entries({ page: 'page', raw: 'raw WebCrypto, 64 at once', same: 'raw, 64 at once, one chunk again and again', one: 'raw, one after another' }))
  console.log(`  ${name}: ${median(speeds[way])} (${Math.min(...speeds[way])} to ${Math.max(...speeds[way])})`);
console.log(`page / raw: ${(median(speeds.page) / median(speeds.raw)).toFixed(2)}; page / the fastest raw: ${(median(speeds.page) / Math.max(median(speeds.raw), median(speeds.same), median(speeds.one))).toFixed(2)}`);
console.log(`sealing (96 MiB): ${speeds.seal} MB/s; base64 decoding: page ${speeds.base64} MB/s, Uint8Array.fromBase64 with TextDecoder ${speeds.native} MB/s`);
await world.clean();

await world.browser.close();
if (world.links.big) {
  const { seconds, renderers } = await memory(world.links.big);
  console.log(`100 MB saved in ${seconds.toFixed(1)} s; renderers, MB (resident before / highest resident, of which about 120 is the browser's own program / highest private): ${renderers.map((r) => `${r.before}/${r.highest}/${r.private}`).join('  ')}`);
}
if (mock) await mock.close();

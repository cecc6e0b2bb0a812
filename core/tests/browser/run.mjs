// node run.mjs [--server PROGRAM | --base URL --links FILE] [--only WORD,…] [--shots DIR]
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, watch } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Skip, World } from './world.mjs';
import { tests } from './tests.mjs';
import { unit } from './unit.mjs';

// A server on loopback makes its certificate at each start.
process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
process.removeAllListeners('warning');

const { values: args } = parseArgs({ options: { base: { type: 'string' }, links: { type: 'string' }, server: { type: 'string' }, only: { type: 'string' }, shots: { type: 'string' } } });
let mock;
let server;
let links;
if (args.server) ({ server, links, base: args.base } = await serve(args.server));
else if (args.base) links = JSON.parse(readFileSync(args.links, 'utf8'));
else {
  mock = await (await import('./mock.mjs')).start();
  links = mock.links;
}
const world = await new World(args.base || mock.base, links).launch();
world.mock = !!mock;

let [passed, skipped] = [0, 0];
const failures = [];
const chosen = (name) => !args.only || args.only.split(',').some((word) => name.includes(word));
for (const [name, test] of [...Object.entries(unit), ...Object.entries(tests)]) {
  if (!chosen(name)) continue;
  const began = performance.now();
  try {
    await test(world);
    await world.settle();
    console.log(`ok   ${name} (${Math.round(performance.now() - began)} ms)`);
    passed++;
  } catch (e) {
    if (e instanceof Skip) {
      console.log(`skip ${name} (no link ${e.message})`);
      skipped++;
    } else {
      console.log(`FAIL ${name}\n${String(e.stack).replace(/^/gm, '     ')}`);
      failures.push(`FAILED ${name} - ${String(e.message).split('\n').slice(0, 3).join(' ')}`);
    }
    await world.clean();
  }
}
for (const line of failures) console.log(line);
if (args.shots) {
  const { shoot } = await import('./shots.mjs');
  await shoot(world, args.shots);
}
await world.browser.close();
if (mock) await mock.close();
if (server) server.kill('SIGINT');
console.log(`${passed} passed, ${failures.length} failed${skipped ? `, ${skipped} skipped` : ''} in ${(performance.now() / 1000).toFixed(1)}s`);
process.exit(failures.length || !passed ? 1 : 0);

/** Starts the example "portal" and waits until it serves. */
async function serve(program) {
  const dir = mkdtempSync(join(tmpdir(), 'portal-'));
  const file = join(dir, 'links.json');
  const server = spawn(program, ['--port', '0', '--attachment-mb', '100', '--links', file], { stdio: ['ignore', 'ignore', 'inherit'] });
  const links = await new Promise((go, stop) => {
    server.once('exit', () => stop(new Error(`${program} ended`)));
    const watched = watch(dir, () => {
      try {
        go(JSON.parse(readFileSync(file, 'utf8')));
        watched.close();
      } catch {
        // Not written yet, or not to its end.
      }
    });
  });
  await fetch(links.outbox);
  return { server, links, base: new URL(links.outbox).origin };
}

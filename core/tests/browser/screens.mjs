// Every screen that a visitor may see, and the way to it.
import { Skip } from './world.mjs';

const fulfil = (world, page, path, status, body) => world.refuse(page, `**${path}`, status, body);

/** name → async (world, how) → page */
export const screens = {
  async opening(world, how) {
    const page = await world.page(how);
    await page.route('**/challenge', () => {});
    await page.goto(world.links.text.url);
    await page.waitForFunction(() => {
      const w = document.querySelector('.wait');
      return w && getComputedStyle(w).visibility === 'visible';
    });
    return page;
  },
  async typed(world, how) {
    const page = await world.page(how);
    await world.visit(page, world.links.text.url.split('#')[0]);
    await page.fill('#field', '04hm asw9 0000');
    await page.press('#field', 'Enter');
    await page.press('#field', 'Tab');
    await page.click('form button');
    await page.waitForSelector('.error:not(:empty)');
    return page;
  },
  async passcode(world, how) {
    const page = await world.page(how);
    await world.visit(page, world.links.text.url);
    return page;
  },
  async wrong(world, how) {
    const page = await screens.passcode(world, how);
    await fulfil(world, page, '/factor/passcode/verify', 403, { error: 'wrong', tries_left: 3 });
    await world.passcode(page, 'AAAA-BBBB');
    await page.waitForSelector('.error:not(:empty)');
    return page;
  },
  async choice(world, how) {
    world.has('choice');
    const page = await world.page(how);
    await world.visit(page, world.links.choice.url);
    return page;
  },
  async email(world, how) {
    world.has('email');
    const page = await world.page(how);
    await world.visit(page, world.links.email.url);
    return page;
  },
  async sent(world, how) {
    const page = await screens.email(world, how);
    await fulfil(world, page, '/factor/email/start', 200, { sent: true, again_in: 60, valid: 600 });
    await page.click('form button');
    await page.waitForSelector('#field');
    return page;
  },
  async totp(world, how) {
    world.has('totp');
    const page = await world.page(how);
    await world.visit(page, world.links.totp.url);
    return page;
  },
  async passkey(world, how) {
    world.has('passkey');
    const page = await world.page(how);
    await world.visit(page, world.links.passkey.url);
    return page;
  },
  async sso(world, how) {
    const page = await screens.choice(world, how);
    if (!(await page.$('.choices li:nth-child(4)'))) throw new Skip('sso');
    await page.click('.choices li:nth-child(4) button');
    await page.waitForSelector('a.button');
    return page;
  },
  async passphrase(world, how) {
    world.has('passphrase');
    const page = await world.page(how);
    await world.visit(page, world.links.passphrase.url);
    return page;
  },
  message: (world, how) => world.letter('text', how),
  rich: (world, how) => world.letter('rich', how),
  async downloads(world, how) {
    const page = await world.letter(world.links.names ? 'names' : 'files', how);
    await page.route('**/parts/*', () => {});
    await page.click('section section li:last-child button');
    await page.waitForSelector('progress');
    return page;
  },
  async reply(world, how) {
    const page = await world.letter('text', how);
    await page.click('.bar .primary');
    await page.waitForSelector('#pick');
    await page.setInputFiles('#pick', [{ name: 'insurance card.jpg', mimeType: 'image/jpeg', buffer: Buffer.alloc(320000) }, { name: 'question.txt', mimeType: 'text/plain', buffer: Buffer.from('x') }]);
    await page.fill('#field', 'Thank you, doctor.\n\nMay I take it with coffee?');
    return page;
  },
  async sentReply(world, how) {
    const page = await screens.reply(world, how);
    await page.click('form .primary');
    await page.waitForSelector('#main .primary:not([type=submit])');
    return page;
  },
  async report(world, how) {
    const page = await world.letter('text', how);
    await page.click('.quiet button');
    await page.waitForSelector('.danger');
    return page;
  },
  async claim(world, how) {
    const page = await screens.passcode(world, how);
    await page.click('section > button.link:last-child');
    await page.waitForSelector('.danger');
    return page;
  },
  async addPasskey(world, how) {
    const page = await world.letter('text', how);
    await page.click('.quiet button:nth-of-type(2)');
    await page.waitForSelector('.bar .primary');
    return page;
  },
  async reported(world, how) {
    const page = await screens.report(world, how);
    await fulfil(world, page, '/report-misdirected', 200, { locked: true });
    await page.click('.danger');
    await page.waitForFunction(() => !document.querySelector('.danger') && document.querySelector('h1'));
    return page;
  },
  async closed(world, how) {
    const page = await world.letter('text', how);
    await fulfil(world, page, '/logout', 200, {});
    await page.click('.bar button:last-child');
    await page.waitForFunction(() => !document.querySelector('article'));
    return page;
  },
  async noscript(world, how) {
    const page = await world.page({ ...how, javaScriptEnabled: false });
    await page.goto(world.links.text.url);
    return page;
  },
  async tooOld(world, how) {
    const page = await world.page(how);
    await page.addInitScript(() => Object.defineProperty(Crypto.prototype, 'subtle', { get: () => undefined }));
    await world.visit(page, world.links.text.url);
    return page;
  },
  async notStarted(world, how) {
    const page = await world.page(how);
    await page.route('**/main.js', (r) => r.abort());
    await page.goto(world.links.text.url);
    await page.waitForSelector('#old:not([hidden])');
    return page;
  },
};

const challenge = (name, status, body) => {
  screens[name] = async (world, how) => {
    const page = await world.page(how);
    await fulfil(world, page, '/challenge', status, body);
    await world.visit(page, world.links.text.url);
    return page;
  };
};
challenge('notFound', 404, { error: 'not_found' });
challenge('revoked', 410, { error: 'revoked' });
challenge('expired', 410, { error: 'expired' });
challenge('views', 410, { error: 'views' });
challenge('held', 423, { error: 'held' });
challenge('wait', 429, { error: 'wait', seconds: 874 });
challenge('server', 500, { error: 'server' });
screens.offline = async (world, how) => {
  const page = await world.page(how);
  await page.route('**/challenge', (r) => r.abort());
  await world.visit(page, world.links.text.url);
  return page;
};
screens.damaged = async (world, how) => {
  const page = await world.page(how);
  await world.twist(page, '**/parts/*', ({ body }) => {
    const b = Buffer.from(body);
    b[b.length - 1] ^= 1;
    return { body: b };
  });
  if (world.sessions.text) await page.context().addCookies(world.sessions.text);
  await world.visit(page, world.links.text.url);
  if (await page.$('#field')) await world.passcode(page, world.links.text.passcode);
  await page.waitForFunction(() => document.querySelector('#main [role=alert]')?.textContent && !document.querySelector('#field'));
  return page;
};
screens.session = async (world, how) => {
  const page = await world.letter('text', how);
  await fulfil(world, page, '/parts/*', 403, { error: 'factor_required' });
  await page.click('.files li button');
  await page.waitForFunction(() => !document.querySelector('article') && document.querySelector('h1'));
  return page;
};

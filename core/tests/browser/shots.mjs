// Pictures of every screen: to be looked at.
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { screens } from './screens.mjs';

const VARIANTS = {
  light: {},
  dark: { colorScheme: 'dark' },
  phone: { viewport: { width: 360, height: 740 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true },
  es: { locale: 'es-ES' },
};

export async function shoot(world, dir, only) {
  mkdirSync(dir, { recursive: true });
  for (const [variant, how] of Object.entries(VARIANTS))
    for (const [name, reach] of Object.entries(screens)) {
      if (only && !only.includes(name)) continue;
      try {
        const page = await reach(world, how);
        if (variant === 'es' && (await page.$('nav [lang=es]'))) {
          await page.click('nav [lang=es]');
          await page.waitForSelector('html[lang=es]');
        }
        if (await page.$('iframe')) await page.waitForFunction(() => document.querySelector('iframe').offsetHeight > 100);
        // What lies below the fold of a frame is not painted.
        const { width } = page.viewportSize();
        await page.setViewportSize({ width, height: await page.evaluate(() => Math.max(innerHeight, document.documentElement.scrollHeight)) });
        await page.screenshot({ path: `${dir}/${name}-${variant}.png`, fullPage: true });
        if (variant === 'light' && ['message', 'rich'].includes(name)) {
          await page.pdf({ path: `${dir}/${name}.pdf`, format: 'A4', margin: { top: '15mm', bottom: '15mm', left: '15mm', right: '15mm' } });
          execFileSync('pdftoppm', ['-r', '60', '-png', `${dir}/${name}.pdf`, `${dir}/${name}-print`]);
        }
        await page.context().close();
      } catch (e) {
        console.log(`no picture of ${name} ${variant}: ${e.message.split('\n')[0]}`);
      }
    }
}

// The few things that every screen needs.

/** @type {{t: Portal.Strings, lang: string, draw: () => void}} */
export const ui = { t: /** @type {any} */ (null), lang: 'en', draw() {} };

/** @param {string} id */
export const byId = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

/**
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Record<string, unknown>} [props] attributes; functions listen
 * @param {...(Node | string | null | undefined | false)} children
 */
export function el(tag, props = {}, ...children) {
  const e = document.createElement(tag);
  for (const [k, v] of Object.entries(props)) {
    if (typeof v === 'function') e.addEventListener(k, /** @type {EventListener} */ (v));
    else if (v !== false && v != null) e.setAttribute(k, v === true ? '' : String(v));
  }
  for (const c of children) if (c || c === '') e.append(c);
  return e;
}

/** @param {string} text @param {() => unknown} click @param {Record<string, unknown>} [props] */
export const button = (text, click, props) => el('button', { type: 'button', click, ...props }, text);

/** @param {string} s */
export const say = (s) => (byId('live').textContent = s);

/**
 * Shows a screen and moves the focus to its heading. `build` runs again when
 * the language changes.
 * @param {() => {title: string, body: (Node | null | undefined | false)[], bare?: boolean}} build
 */
export function show(build) {
  ui.draw = () => {
    const { title, body, bare } = build();
    const h = el('h1', { tabindex: -1, dir: 'auto' }, title);
    byId('main').replaceChildren(el('section', { class: bare ? '' : 'card' }, h, ...body));
    // The title stands in histories: it never shows what a message holds.
    document.title = (bare ? '' : title + ' – ') + byId('brand').textContent;
    scrollTo(0, 0);
    h.focus({ preventScroll: true });
  };
  ui.draw();
}

/** @param {string} text */
export function busy(text) {
  byId('main').replaceChildren(el('p', { class: 'wait', role: 'status' }, text));
}

/** @param {number} seconds */
export const clock = (seconds) => Math.floor(seconds / 60) + ':' + String(seconds % 60).padStart(2, '0');

/** Counts down to 0 while the element is shown. @param {Element} e @param {number} end @param {(left: number) => void} tick */
export function countdown(e, end, tick) {
  const step = () => {
    const left = Math.max(0, Math.ceil((end - Date.now()) / 1000));
    tick(left);
    if (left) setTimeout(() => e.isConnected && step(), 250);
  };
  step();
}

/** @param {number} n */
export function size(n) {
  const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte'];
  let u = 0;
  for (; n >= 1000 && u < 3; u++) n /= 1000;
  return new Intl.NumberFormat(ui.lang, { style: 'unit', unit: units[u], unitDisplay: u ? 'short' : 'long', maximumFractionDigits: n < 10 && u ? 1 : 0 }).format(n);
}

/** @param {number} ms */
export const when = (ms) => new Intl.DateTimeFormat(ui.lang, { dateStyle: 'long', timeStyle: 'short' }).format(ms);

/**
 * A form whose errors are told at the field and by a screen reader.
 * @param {{label: string, hint?: string, field: HTMLInputElement | HTMLTextAreaElement | null, submit: string, extra?: (Node | false | null)[],
 *   send: (value: string) => Promise<string | void>}} of `send` gives what is wrong
 */
export function form({ label, hint, field, submit, extra = [], send }) {
  const error = el('p', { id: 'error', role: 'alert', class: 'error' });
  const go = el('button', { type: 'submit', class: 'primary' }, submit);
  if (field) {
    field.id = 'field';
    field.setAttribute('aria-describedby', hint ? 'hint error' : 'error');
  }
  /** @param {Event} e */
  const onsubmit = async (e) => {
    e.preventDefault();
    if (go.getAttribute('aria-disabled')) return;
    error.textContent = '';
    const value = field ? field.value.trim() : '';
    let wrong;
    if (field && !value) wrong = ui.t.required;
    else {
      go.setAttribute('aria-disabled', 'true');
      wrong = await send(value);
      go.removeAttribute('aria-disabled');
    }
    if (field) field.setAttribute('aria-invalid', String(!!wrong));
    if (!wrong) return;
    error.textContent = wrong;
    (field || go).focus();
    if (field) field.select();
  };
  return el('form', { submit: onsubmit, novalidate: true },
    field && el('label', { for: 'field' }, label), hint && el('p', { id: 'hint', class: 'hint' }, hint), field, error, ...extra, go);
}

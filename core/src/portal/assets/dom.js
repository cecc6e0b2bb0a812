// The few things that every screen needs.

/** @type {{t: Portal.Strings, lang: string, draw: () => void}} */
export const ui = { t: /** @type {any} */ (null), lang: '', draw() {} };

/** @param {string} id */
export const byId = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

/**
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {string | Record<string, unknown>} props the class, or attributes; functions listen
 * @param {...Portal.Child} children
 */
export function el(tag, props, ...children) {
  const e = document.createElement(tag);
  for (const [k, v] of Object.entries(typeof props === 'string' ? { class: props } : props)) {
    if (typeof v === 'function') e.addEventListener(k, /** @type {EventListener} */ (v));
    else if (v) e.setAttribute(k, v === true ? '' : String(v));
  }
  for (const c of children) if (c) e.append(c);
  return e;
}

/** @param {string} text @param {string} [cls] */
export const p = (text, cls = '') => el('p', cls, text);

/** @param {string} text @param {() => unknown} click @param {string} [cls] */
export const button = (text, click, cls) => el('button', { type: 'button', click, class: cls }, text);

/** Tells a screen reader. @param {string} s */
export const say = (s) => (byId('live').textContent = s);

/**
 * Shows a screen and moves the focus to its heading. `build` runs again when
 * the language changes.
 * @param {() => {title: string, body: Portal.Child[], bare?: boolean}} build
 */
export function show(build) {
  (ui.draw = () => {
    const { title, body, bare } = build();
    const h = el('h1', { tabindex: '-1', dir: 'auto' }, title);
    byId('main').replaceChildren(el('section', bare ? '' : 'card', h, ...body));
    // The title stands in histories: it never shows what a message holds.
    document.title = (bare ? '' : title + ' – ') + byId('brand').textContent;
    scrollTo(0, 0);
    h.focus({ preventScroll: true });
  })();
}

export function busy() {
  const { opening } = ui.t;
  byId('main').replaceChildren(el('h1', 'wait', opening));
  say(opening);
}

/** @param {number} seconds */
export const clock = (seconds) => Math.floor(seconds / 60) + ':' + String(seconds % 60).padStart(2, '0');

/** Counts down to 0 while the element is shown. @param {Element} e @param {number} end @param {(left: number) => void} tick */
export function countdown(e, end, tick) {
  const left = Math.max(0, Math.ceil((end - Date.now()) / 1000));
  tick(left);
  if (left) setTimeout(() => e.isConnected && countdown(e, end, tick), 250);
}

/** @param {number} n */
export function size(n) {
  let u = 0;
  for (; n >= 1000 && u < 3; u++) n /= 1000;
  return new Intl.NumberFormat(ui.lang, { style: 'unit', unit: ['', 'kilo', 'mega', 'giga'][u] + 'byte', unitDisplay: u ? 'short' : 'long', maximumFractionDigits: n < 10 ? 1 : 0 }).format(n);
}

/** @param {number} ms */
export const when = (ms) => new Intl.DateTimeFormat(ui.lang, { dateStyle: 'long', timeStyle: 'short' }).format(ms);

/** A name that is safe in a header and on a disk. @param {string} name */
export const safeName = (name) => {
  const s = [...name.replace(/[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]/gu, '').replace(/[\\/:*?"<>|]/g, '_')]
    .slice(0, 120).join('').replace(/^[.\s]+|[.\s]+$/g, '');
  return !s || /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i.test(s) ? `file_${s}` : s;
};

/** @param {string} label */
export const progress = (label, max = 1) => el('progress', { max, value: '0', 'aria-label': label });

/**
 * A form whose errors are told at the field and by a screen reader.
 * @param {string} submit
 * @param {(value: string) => Promise<string | void>} send gives what is wrong
 * @param {{label: string, hint?: string, field: HTMLInputElement | HTMLTextAreaElement} | null} [input]
 * @param {...Portal.Child} extra
 */
export function form(submit, send, input, ...extra) {
  const error = el('p', { id: 'error', role: 'alert', class: 'error' });
  const go = el('button', 'primary', submit);
  const { label, hint, field } = input || {};
  if (field) {
    field.id = 'field';
    field.setAttribute('aria-describedby', 'hint error');
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
    label && el('label', { for: 'field' }, label), hint && el('p', { id: 'hint', class: 'hint' }, hint), field, error, ...extra, go);
}

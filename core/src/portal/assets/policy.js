/** @type {{createPolicy(name: string, rules: object): Portal.Policy} | undefined} */
const types = /** @type {any} */ (window).trustedTypes;

/** @type {any} the rules are those of Portal.Policy where the browser has no Trusted Types */
const rules = {
  // Only ever parsed without scripts, or shown in a sandboxed frame.
  createHTML: (/** @type {string} */ s) => s,
  createScriptURL(/** @type {string} */ s) {
    if (s !== new URL('../../sw.js', import.meta.url).href) throw new TypeError();
    return s;
  },
};

/** @type {Portal.Policy} the one policy that the page's Content-Security-Policy names */
export const policy = types ? types.createPolicy('mailseal', rules) : rules;

// Puts a message into a folder, shows it in the message window, and says what
// stands there. Arguments: message (a character for each octet), and what to
// wait for: encrypted, signed, and for how many milliseconds.
const { MailServices } = ChromeUtils.importESModule("resource:///modules/MailServices.sys.mjs");
const { setTimeout } = ChromeUtils.importESModule("resource://gre/modules/Timer.sys.mjs");
const [job, done] = arguments;

// These timers are kept alive until they fire; a bare nsITimer is collected.
const pause = ms => new Promise(go => setTimeout(go, ms));

async function until(what, limit) {
  const end = Date.now() + limit;
  while (!what()) {
    if (Date.now() > end) {
      return false;
    }
    await pause(20);
  }
  return true;
}

// One window is used for all, so that who listens is there before the message.
// The set-up opened it.
async function read() {
  const folder = MailServices.accounts.localFoldersServer.rootFolder.getChildNamed("Tried");
  const header = folder.QueryInterface(Ci.nsIMsgLocalMailFolder).addMessage(job.message);
  const window = Services.wm.getMostRecentWindow("mail:messageWindow");
  const about = window.messageBrowser.contentWindow;
  const doc = about.document;

  let loaded = false;
  let processed = false;
  const onLoaded = event => (loaded ||= event.detail?.messageKey == header.messageKey);
  const onProcessed = () => (processed = true);
  const icon = id => {
    const found = doc.getElementById(id);
    return found.hidden ? "" : (found.getAttribute("src") ?? "");
  };
  const subject = doc.getElementById("expandedsubjectBox");
  // The headers stand in the document too, for printing.
  const state = () => ({
    text: [...(about.getMessagePaneBrowser().contentDocument?.body?.querySelectorAll(
      ".moz-text-plain, .moz-text-flowed, .moz-text-html"
    ) ?? [])].map(part => part.textContent).join("\n"),
    subject: (subject.querySelector(".header-value") ?? subject).textContent,
    encrypted: icon("encryptedHdrIcon"),
    signed: icon("signedHdrIcon"),
  });

  about.addEventListener("MsgLoaded", onLoaded);
  about.addEventListener("smimeprocessed", onProcessed);
  doc.addEventListener("openpgpprocessed", onProcessed);
  try {
    for (let attempt = 0; !loaded; attempt++) {
      if (attempt == 3) {
        throw new Error("the message was not shown");
      }
      window.displayMessage(header);
      await until(() => loaded, 10000);
    }
    // Verification goes on when all is said to be processed, and of what
    // cannot be opened that is never said.
    await until(() => {
      const now = state();
      return processed && now.text && !!now.encrypted == job.encrypted && !!now.signed == job.signed;
    }, job.patience);
    let last = JSON.stringify(state());
    for (let same = 0; same < 3; ) {
      await pause(50);
      const now = JSON.stringify(state());
      same = now == last ? same + 1 : 0;
      last = now;
    }
    return state();
  } finally {
    about.removeEventListener("MsgLoaded", onLoaded);
    about.removeEventListener("smimeprocessed", onProcessed);
    doc.removeEventListener("openpgpprocessed", onProcessed);
  }
}

read().then(value => done({ value }), error => done({ error: `${error} ${error.stack}` }));

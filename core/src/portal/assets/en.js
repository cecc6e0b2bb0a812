const resend = 'Ask the sender to send it again.';
const email = 'Open the link in the e-mail again';

export default {
  dir: 'ltr',
  skip: 'Skip to content',
  help: 'Questions? Contact',
  private: 'Your message is decrypted on this device. Nothing is stored in this browser.',
  opening: 'Opening your message…',
  required: 'This field is needed.',
  back: 'Back',
  retry: 'Try again',
  /** @param {string} time */
  waitFor: (time) => `You can try again in ${time}.`,

  typedTitle: 'Enter the code from the e-mail',
  typedText: 'Part of the link was lost, or the page was loaded again. The e-mail shows a long code below the link.',
  typedHint: '8 groups of 4 letters and digits.',
  /** @param {number} n */
  typedWrong: (n) => (n === 32 ? 'A character in it is wrong. Please compare it with the e-mail.' : `The code has 32 characters; you entered ${n}.`),
  go: 'Continue',

  chooseTitle: 'Show that it is you',
  chooseText: 'The link alone does not open the message. How do you want to continue?',
  other: 'Choose another way',
  /** @param {string} r */
  reference: (r) => `Reference: ${r}`,
  sameReference: 'The e-mail with the link shows the same.',
  /** What it is called, the heading, what to do. @type {Record<Portal.Method['id'], string[]>} */
  methods: {
    passcode: ['Passcode', 'Enter your passcode', 'The sender told you the passcode, for example by telephone.'],
    email: ['Code by e-mail', 'Get a code by e-mail', 'We send a code to this address:'],
    sms: ['Code by text message', 'Get a code by text message', 'We send a code to this number:'],
    totp: ['Authenticator app', 'Enter the code of your app', 'Open your authenticator app. It shows a code for this organization.'],
    passkey: ['Passkey', 'Use your passkey', 'Your device asks for your fingerprint, face or PIN.'],
    sso: ['Sign in', 'Sign in', 'Sign in with your account in a new tab, then come back to this one.'],
    passphrase: ['Passphrase', 'Enter your passphrase', 'You agreed on it with the sender. It does not leave this device.'],
  },
  code: 'Code',
  /** @param {number} n */
  digits: (n) => `${n} digits`,
  anyCase: 'Capitals, blanks and hyphens do not matter.',
  send: 'Send the code',
  sent: 'The code was sent',
  /** @param {number} minutes */
  valid: (minutes) => `It is valid for ${minutes} minutes.`,
  sendAgain: 'Send it again',
  open: 'Open the message',
  showTyped: 'Show what I type',
  signIn: 'Sign in (new tab)',
  signedIn: 'I have signed in',
  passkeyFailed: 'No passkey was used. Please try again.',
  signInMissing: 'You have not signed in yet.',
  /** @param {number | undefined} n */
  wrong: (n) => 'That is not right.' + (n ? ` You have ${n} ${n > 1 ? 'tries' : 'try'} left.` : ''),
  noCode: 'This code has run out. Please let us send a new one.',
  malformed: 'This does not look like a code. Please check it.',

  noSubject: '(no subject)',
  from: 'From',
  date: 'Date',
  referenceName: 'Reference',
  messageText: 'Text of the message',
  emptyText: 'This message has no text.',
  links: 'Links in this message',
  linksText: 'Check where a link leads before you open it.',
  attachments: 'Attachments',
  download: 'Download',
  cancel: 'Cancel',
  saved: 'Downloaded',
  cancelled: 'Cancelled',
  stopped: 'The connection was lost.',
  /** @param {string} limit */
  tooLarge: (limit) => `This browser cannot save files above ${limit} here. Please use another browser, or a window that is not private.`,
  fileDamaged: 'This file is damaged. It was not saved.',
  whole: 'The whole message',
  print: 'Print',
  reply: 'Reply',
  wrongPerson: 'This is not for me',
  close: 'Log out',
  /** @param {number} n */
  viewsLeft: (n) => (n ? `This message can be opened ${n} more time${n > 1 ? 's' : ''}.` : 'This message cannot be opened again.'),
  /** @param {string} date */
  until: (date) => `It can be read until ${date}.`,
  addPasskey: 'Set up a passkey',
  addPasskeyText: 'Next time you open a message with your fingerprint, face or PIN, without a code.',
  passkeyAdded: 'Your passkey is set up.',

  replyTitle: 'Your reply',
  replyText: 'Your reply is encrypted on this device for the sender’s organization. It is stored nowhere until you send it.',
  subject: 'Subject',
  text: 'Text',
  files: 'Add files',
  /** @param {number} n @param {string} size */
  filesHint: (n, size) => `Up to ${n} files, ${size} in all.`,
  remove: 'Remove',
  tooBig: 'This is too much for one reply.',
  sendReply: 'Send reply',
  working: 'Please wait a moment…',
  busy: 'The server is busy. We keep trying: please leave this page open.',
  replySent: 'Your reply was sent',
  replyRefused: 'This reply was not accepted. Please contact the organization in another way.',

  reportTitle: 'Is this message not for you?',
  /** What happens, the button, what happened. */
  report: ['We tell the sender and lock the message: nobody can open it any more with this link, you included. This cannot be undone.', 'Yes, report and lock it', 'The sender is informed and the message is locked. Please delete the e-mail with the link.'],
  claim: ['We tell the sender, who can withdraw the message. Until then it stays as it is.', 'Yes, tell the sender', 'The sender is informed. Please delete the e-mail with the link.'],
  reported: 'Thank you for telling us',

  closed: 'You are logged out',
  closedText: `Nothing of the message is left on this page. You can close it. ${email} to read it once more.`,
  /** @type {Record<string, [string, string]>} heading and text */
  errors: {
    not_found: ['No message was found', `The link or code is not right or not complete. ${email}, or enter the code that it shows.`],
    revoked: ['This message was withdrawn', 'The sender withdrew it, or somebody reported that it was not for them. It cannot be opened any more.'],
    expired: ['This message has run out', `The time to read it is over. ${resend}`],
    views: ['This message was read as often as allowed', resend],
    held: ['This message is on hold', 'It cannot be opened at present. Please ask the sender.'],
    wait: ['Too many tries', 'To protect your message we have to pause.'],
    offline: ['No connection', 'The server could not be reached. Check your internet connection, then try again.'],
    server: ['Something went wrong', 'The fault is ours, not yours. Please try again in a few minutes.'],
    busy: ['The server is busy', 'Please try again in a few minutes.'],
    damaged: ['This message is damaged', 'What arrived is not what was sent, so we do not show it. Please tell the sender.'],
    factor_required: ['Please show again that it is you', 'You were away for a while, so the page was locked.'],
    old: ['This browser is too old', 'It cannot decrypt your message. Please use an up-to-date browser or another device.'],
  },
};

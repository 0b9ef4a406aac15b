// All that the screens say. Another language is another object of this shape.

export const english = {
  app: "Authenticator",
  titled: "{title} · Authenticator",
  tabs: { label: "Authenticator", requests: "Requests", history: "History", add: "Add" },
  back: "Back",
  cancel: "Cancel",
  done: "Done",
  tryAgain: "Try again",
  goOn: "Go on",
  waiting: "One moment",
  now: "now",
  today: "Today",
  yesterday: "Yesterday",
  seconds: "{n} s",
  minutes: "{n} min",
  aMinute: "a minute",

  link: {
    live: "Connected",
    connecting: "Connecting",
    exchange: "Connected, slower",
    offline: "Offline",
    elsewhere: "In another window",
  },

  home: {
    title: "Requests",
    none: "Nothing waiting",
    noneHow: "When you sign in somewhere, the request shows up here by itself.",
    several: "{n} requests are waiting",
    oneMore: "One more request is waiting.",
    more: "{n} more requests are waiting.",
    showAll: "Show all",
    arrived: "{tenant} asks: is this you?",
    look: "Look",
    accounts: "Accounts",
    settingsOf: "Settings of {tenant}, {email}",
    left: "{time} left",
  },

  first: {
    title: "Welcome",
    none: "No account on this phone yet",
    how: "Open your account page on another screen, choose Add a phone, and scan the code you see there.",
    add: "Add an account",
  },

  offline: {
    note: "No connection.",
    again: "Trying again in {wait}.",
    trying: "Trying again.",
    last: "Last connected at {time}.",
    title: "Waiting for the network",
    how: "Requests that are still open will be here when you are back. None gets lost.",
    now: "Try now",
  },
  slower: {
    note: "Your network blocks live connections.",
    how: "Requests come another way; it works a little slower.",
  },
  elsewhere: {
    title: "Open in another window",
    how: "The Authenticator is open in another window or tab of this phone. Only one of them gets your requests.",
    here: "Use it here",
  },
  lost: {
    note: "Notifications have stopped.",
    how: "The phone’s push service dropped {tenant}. Turn them on again in its settings.",
    open: "Open its settings",
  },
  storage: {
    note: "This browser may forget your accounts.",
    how: "It did not promise to keep them when space runs short. Keep a second way to sign in, and install the Authenticator where you can: browsers keep installed apps.",
    understood: "Understood",
  },
  install: {
    title: "Install the Authenticator",
    how: "Then it opens from your home screen, and the browser keeps its data.",
    go: "Install",
    later: "Not now",
  },

  request: {
    title: "Is this you?",
    to: "Signing in to {app}",
    toShort: "Signing in to {app} from {place}.",
    approve: "Approve this?",
    approveFor: "{app} asks for your approval.",
    isTest: "This is a test",
    isTestHow: "You asked for it. Nobody signs in, whatever you answer.",
    testRow: "You asked for it yourself",
    testHow:
      "A real request also shows where it comes from, in which browser and since when. In a browser that you have not used before it asks for a number.",
    message: "What you approve",
    messageHow: "{app} says this. Approve only if it is what you asked for.",
    from: "Where it comes from",
    usual: "Usual place",
    new: "New place",
    distance: "{km} km from your usual place",
    unknown: "Place not known",
    unknownHow: "We could not find out where this address is. Look at the browser and the time instead.",
    ownNetwork: "Your own network",
    ownNetworkHow: "The browser is in the same network as {tenant}’s server, so there is no place to show.",
    browser: "Browser",
    on: "{browser} on {os}",
    knownSince: "{browser}, known since {day}",
    address: "Address",
    asked: "Asked",
    askedAgo: "{time}, {ago} ago",
    match: "Type the number from your browser",
    six: "Six digits to approve. Deny needs none.",
    some: [
      "",
      "One more digit to approve. Deny needs none.",
      "Two more digits to approve. Deny needs none.",
      "Three more digits to approve. Deny needs none.",
      "Four more digits to approve. Deny needs none.",
      "Five more digits to approve. Deny needs none.",
    ],
    noMatch: "You have used this browser before, so there is no number to type.",
    uses: {
      finger: "Approve asks for your fingerprint or face.",
      pin: "Approve asks for your PIN.",
    },
    usePin: "Use PIN",
    deny: "Deny",
    yes: "Approve",
    working: "Approving",
    denying: "Denying",
    left: "{time} left",
    soonOver: "20 seconds left",
    arrived: "New request from {tenant}: is this you?",
    digitsMissing: "Type the six digits first.",
    failed: {
      uv_cancelled: "The fingerprint was not given, so nothing was approved. Try again.",
      uv_cancelled_pin: "The fingerprint was not given, so nothing was approved. Try again, or use your PIN.",
      uv_required:
        "Your phone’s answer could not be checked, so nothing was approved. Use your PIN, or add the account anew.",
      offline: "No connection, so nothing was sent. Try again.",
      other: "That did not work, and nothing was approved. Try again.",
    },
  },

  pin: {
    title: "Approve with your PIN",
    label: "PIN",
    empty: "Type your PIN.",
    wrong: "Wrong PIN.",
    wrongLeft: "Wrong PIN. {n} tries left on this phone.",
    wrongOne: "Wrong PIN. One try left on this phone.",
    numbers: ["No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten"],
    lockedTitle: "This phone is locked",
    lockedHow:
      "The PIN was wrong too often, so this phone approves nothing more. Nobody was signed in. To unlock it, open Security in your account on another screen, or ask your administrators.",
    lockedDeny: "You can still deny.",
    close: "Close",
  },

  denied: {
    title: "Denied.",
    how: "Nobody was signed in.",
    test: "It was only a test.",
    why: "Why? You can leave this out.",
    mistake: ["I started it by mistake", "Nothing else happens."],
    unexpected: ["I did not expect it", "We note it. After three, your phone rests for a while."],
    fraud: ["Someone is trying to get in", "Your administrators see it in their log."],
    reported: "Noted. Thank you.",
    failed: "The reason could not be sent. The request stays denied.",
  },

  over: {
    approved: ["Approved", "You are signed in on the other screen."],
    approvedTest: ["It works", "The test request came, and your answer was taken."],
    approvedApproval: ["Approved", "{app} has your answer."],
    elsewhereApproved: [
      "Approved on another phone",
      "If that was not you, change your password and tell your administrators now.",
    ],
    elsewhereDenied: ["Denied on another phone", "Nobody was signed in."],
    expired: ["It ran out", "Nobody was signed in. If it was you, start again in your browser."],
    cancelled: ["Cancelled in the browser", "Nobody was signed in. There is nothing left to do."],
    wrong: [
      "The number was wrong",
      "Nobody was signed in. If it was you, start again in your browser: it shows a new number.",
    ],
    gone: ["This request is over", "It was answered, or it ran out."],
    missing: ["This request is over", "It was answered, it ran out, or it belongs to another phone."],
    next: "Show the next request",
  },

  history: {
    title: "History",
    none: "Nothing yet",
    noneHow: "What you approve and deny stands here.",
    kept: "Kept on this phone for 30 days.",
    what: {
      approved: "Approved",
      denied: "Denied",
      reported: "Reported",
      expired: "Ran out",
      cancelled: "Cancelled",
      "answered-elsewhere": "On another phone",
      added: "Phone added",
      removed: "Phone removed",
    },
  },

  add: {
    title: "Add an account",
    lens: "Camera picture",
    point: "Point the camera at the code on your other screen.",
    scanning: "Looking for the code.",
    open: "Open the camera",
    scan: "Scan the code on your other screen",
    scanHow: "The picture stays on this phone.",
    orType: "Or type the code",
    label: "Activation code",
    hint: "Eight letters and digits, as in K7QF-2M9D.",
    hintWhere:
      "Eight letters and digits, as in K7QF-2M9D. It stands under the square code on your other screen, or in the mail.",
    refused: "The camera is not allowed here.",
    refusedHow: "Type the code instead. Or allow the camera in your browser’s settings and try again.",
    noCamera: "No camera was found.",
    noCameraHow: "Type the code instead.",
    again: "Try the camera again",
    invalid: "That is not an activation code. It has eight letters and digits.",
    notOurs: "That square is not an activation code. Look for the one on your account page.",
    elsewhere: "This code belongs to another server.",
    elsewhereHow: "Each server has an Authenticator of its own. Open this address to use the code:",
    otherAddress: "Open the server’s own address",
    otherAddressHow: "This server calls itself {host}. Phones are added there, and your code works there.",
    openOther: "Open it",
    failed: {
      activation_code_invalid:
        "This code does not work: it ran out, was used, or has a letter wrong. Get a fresh one from your account page.",
      rate_limited: "Too many tries from here. Wait {wait}, then try again.",
      offline: "No connection. Try again when you are back.",
      other: "That did not work. Try again in a moment.",
    },
  },

  enrol: {
    looking: "Looking up the code",
    title: "Add {tenant} to this phone?",
    how: "From now on, sign-ins to this account ask this phone.",
    server: "Server",
    code: "Code",
    valid: "Valid for",
    name: "Name of this phone",
    nameEmpty: "Give this phone a name, so that you know it in your account.",
    uv: "How will you approve?",
    finger: ["Fingerprint or face", "Stays on this phone."],
    pin: ["PIN", "{min} to {max} digits."],
    pinLabel: "PIN",
    pinHint: "{min} to {max} digits. Not one you use elsewhere.",
    again: "The same PIN again",
    reserve: "Add a PIN as reserve",
    reserveHint: "For when the finger is wet or the sensor fails. {min} to {max} digits.",
    pinShort: "The PIN has {min} to {max} digits.",
    pinUnlike: "The two PINs are not the same.",
    warn: "Go on only if you opened this from your own account page.",
    go: "Add account",
    adding: "Adding",
    ranOut: "This code ran out",
    ranOutHow:
      "Codes on a screen live ten minutes. Get a fresh one from your account page, or from the sender of the mail.",
    other: "Use another code",
    failed: {
      cancelled:
        "The sheet for fingerprint or face was closed, so nothing was added. Try again, or choose PIN.",
      activation_code_invalid:
        "This code does not work any more: it ran out or was used. Get a fresh one from your account page.",
      uv_required: "This phone’s fingerprint or face could not be checked. Try again, or choose PIN.",
      conflict:
        "This account has as many phones as it may have. Remove one in your account under Security, then try again.",
      invalid: "The hub did not take the name or the PIN. Change it and try again.",
      rate_limited: "Too many tries from here. Wait {wait}, then try again.",
      offline: "No connection, so nothing was added. Try again when you are back.",
      other: "That did not work, and nothing was added. Try again in a moment.",
    },
  },

  notify: {
    title: "May this phone tell you?",
    how: "When you sign in, a notification like this brings you here.",
    example: "An example of a notification",
    exampleText: "{tenant}, from Vienna. Tap to answer.",
    ticks: [
      "Only sign-ins, nothing else.",
      "It never shows the number.",
      "Answering always happens in the app, with your fingerprint or PIN.",
    ],
    without:
      "Without notifications, requests show only while the Authenticator is open. You can change this later.",
    later: "Not now",
    allow: "Allow",
    asking: "Asking",
  },

  ready: {
    title: "This phone is ready",
    how: "From now on, sign-ins to {tenant} ask this phone.",
    what: "What was set up",
    account: "Account",
    phone: "Phone",
    approvesWith: "Approves with",
    notifications: "Notifications",
    told: "Your account lists this phone from now on. To remove it, open Security in your account.",
    test: "Send a test request",
    later: "Send one in 10 seconds and close the app",
    laterHow: "Sent in 10 seconds. Close the Authenticator now: it comes as a notification.",
    sent: "Sent. It shows up here in a moment.",
  },
  uv: { both: "Fingerprint or face, or PIN", webauthn: "Fingerprint or face", pin: "PIN" },
  push: { on: "On", off: "Off", blocked: "Blocked", unsupported: "Not on this browser", lost: "Stopped" },
  test: {
    rate_limited: "That was the last test for now. Try again in a minute.",
    offline: "No connection. Try again when you are back.",
    other: "The test could not be sent. Try again in a moment.",
  },

  account: {
    title: "Account",
    phone: "This phone",
    name: "Name",
    nameHint: "How your account lists this phone.",
    save: "Save",
    saved: "Saved.",
    nameBad: "Give it a name of 1 to 64 characters.",
    notifications: "Notifications",
    notifyOn: "Requests reach you while the app is closed.",
    notifyOff: "Requests show only while the app is open.",
    blocked: "Blocked in the browser’s settings for this address. Allow them there, then come back.",
    unsupported: "This browser cannot receive them. Requests show while the app is open.",
    lost: "They have stopped: the push service dropped this phone.",
    again: "Turn on again",
    pushFailed: {
      offline: "No connection. Try again when you are back.",
      bad_subscription: "The server does not send to your browser’s push service. Ask whoever runs it.",
      unreachable: "Your browser’s push service was not reached. Try again in a moment.",
      other: "That did not work. Try again in a moment.",
    },
    connection: "Connection",
    approves: "Approves with",
    addFinger: "Add fingerprint or face",
    addFingerHow: "Then approving is one touch; your PIN stays as reserve.",
    fingerAdded: "Added. Approving now asks for your fingerprint or face.",
    pinFirst: "Your PIN, to add it",
    add: "Add",
    test: "Send a test request",
    since: "Added",
    server: "Server",
    remove: "Remove from this phone",
    removeTitle: "Remove {tenant} from this phone?",
    removeHow:
      "Sign-ins of {email} will not ask this phone any more. If it is your only one, make sure that you have another way in.",
    removeGo: "Remove",
    removing: "Removing",
    keep: "Keep it",
    removeOffline:
      "No connection, so the server cannot be told. Remove it here alone? Then also remove this phone in your account under Security.",
    removeAnyway: "Remove it here",
    removed: "{tenant} was removed from this phone.",
    failed: {
      wrong_pin: "Wrong PIN.",
      cancelled: "The sheet for fingerprint or face was closed, so nothing was added.",
      uv_cancelled: "The sheet for fingerprint or face was closed, so nothing was added.",
      uv_required: "This phone’s fingerprint or face could not be checked.",
      device_locked:
        "This phone is locked: the PIN was wrong too often. Unlock it in your account under Security.",
      offline: "No connection. Try again when you are back.",
      other: "That did not work. Try again in a moment.",
    },
    missing: "This account is not on this phone",
  },

  wiped: {
    title: "This phone was removed from {tenant}",
    how: "Sign-ins of {email} do not ask it any more, and its key was deleted here.",
    not: "If that was not you, sign in on another screen and look at Security.",
    again: "Add the account again",
  },

  insecure: {
    title: "It cannot run at this address",
    how: "Browsers keep keys, take fingerprints and receive notifications only where the connection is encrypted. {host} was opened without encryption.",
    open: "Open it with https instead",
    otherwise:
      "If that does not open, ask whoever runs this server: it needs an address that starts with https.",
  },
  unsupported: {
    title: "This browser is too old",
    how: "It lacks something the Authenticator needs: {what}.",
    todo: "Update the browser, or open this address in another one: Chrome, Edge, Firefox or Safari of the last two years.",
    what: {
      keys: "keys that never leave the phone",
      storage: "a place to keep them",
      sockets: "live connections",
      dialogs: "dialogs",
    },
  },
  noStorage: {
    title: "This window keeps nothing",
    how: "The Authenticator has to keep a key on this phone, and the browser does not let it. Private windows do that.",
    todo: "Open this address in an ordinary window.",
  },

  ios: {
    title: "Install the Authenticator",
    how: "On an iPhone it works from the Home Screen. Three steps take you there.",
    howPad: "On an iPad it works from the Home Screen. Three steps take you there.",
    share: "Tap {share} at the bottom of Safari.",
    sharePad: "Tap {share} at the top of Safari.",
    shareName: "Share",
    add: "Choose {home}, then {add}.",
    homeName: "Add to Home Screen",
    addName: "Add",
    open: "Open {app} from the Home Screen and type the code below.",
    openNoCode: "Open {app} from the Home Screen and add your account there.",
    picShare: "The Share button, in the middle of the bar at the bottom",
    picSharePad: "The Share button, in the bar at the top",
    picAdd: "The row Add to Home Screen in the list",
    picOpen: "The Authenticator on the Home Screen",
    code: "Your activation code",
    copy: "Copy",
    copyWhat: " the activation code",
    copied: "Copied",
    once: "The installed app starts empty, so it asks for this once.",
    over: "Your code ran out.",
    overHow:
      "Install the app first. Then get a fresh code from your account page on another screen and type it in the app.",
    invalid: "This code does not work.",
  },
};

/** The words in use. */
export const words = english;

/**
 * Put values into the {places} of a sentence.
 *
 * @param {string} sentence
 * @param {Record<string, string | number>} values
 */
export function fill(sentence, values) {
  return sentence.replace(/\{(\w+)\}/g, (place, name) => String(values[name] ?? place));
}

/**
 * What went wrong, by its code.
 *
 * @param {Record<string, string>} sentences
 * @param {string} code
 * @param {Record<string, string | number>} [values]
 */
export function failure(sentences, code, values = {}) {
  return fill(sentences[code] ?? sentences.other ?? "", values);
}

// Which window of the app speaks to the hub: the newest one, or the one that the person came back to.

const LOCK = "authenticator";

export class Floor {
  #turn = 0;
  #lost;
  isHeld = false;

  /** @param {() => void} lost Another window has it now. */
  constructor(lost) {
    this.#lost = lost;
  }

  /** @returns {Promise<void>} Once this window has it; whoever had it is told. */
  take() {
    if (this.isHeld) return Promise.resolve();
    this.#turn += 1;
    const turn = this.#turn;
    this.isHeld = true;
    if (!navigator.locks) return Promise.resolve();
    return new Promise((resolve) => {
      navigator.locks
        .request(LOCK, { steal: true }, () => {
          resolve();
          return new Promise(() => {});
        })
        .catch(() => {
          resolve();
          if (turn !== this.#turn) return;
          this.isHeld = false;
          this.#lost();
        });
    });
  }
}

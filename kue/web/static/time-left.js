// Estimates how long a job still takes, from the steps of its progress that were seen.

const FEWEST_STEPS = 3;
const MOST_STEPS = 30;

/** The steps of one run. */
export class Steps {
  /** @type {{ at: number, progress: number }[]} */
  seen = [];

  /**
   * The progress was seen at a moment. If it went back, a new run has begun.
   * @param {number} progress in per cent
   * @param {number} at in ms
   */
  add(progress, at) {
    const last = this.seen.at(-1);
    if (last && progress < last.progress) this.seen = [];
    if (last?.progress === progress && this.seen.length) return;
    this.seen.push({ at, progress });
    if (this.seen.length > MOST_STEPS) this.seen.shift();
  }

  /**
   * How long the job still takes, in ms; null if that cannot be said.
   * @param {number} now
   */
  left(now) {
    const first = this.seen[0];
    const last = this.seen.at(-1);
    if (!first || !last || last.progress >= 100 || this.seen.length < FEWEST_STEPS || last.at <= first.at) return null;
    const perMs = (last.progress - first.progress) / (last.at - first.at);
    return Math.max(0, (100 - last.progress) / perMs - (now - last.at));
  }
}

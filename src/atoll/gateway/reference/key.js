/**
 * The reader's key: kept in this tab (sessionStorage), gone with it, sent to this origin and nowhere else.
 */

const NAME = 'atoll.key';
let kept = '';

/** @returns {string} the key, or nothing */
export function key() {
  return stored((storage) => storage.getItem(NAME)) ?? kept;
}

/** @param {string} value */
export function keepKey(value) {
  kept = value;
  stored((storage) => storage.setItem(NAME, value));
}

/**
 * A browser that refuses storage still lets the reader try: the key then lives as long as the page.
 *
 * @template T
 * @param {(storage: Storage) => T} use
 * @returns {T | null}
 */
function stored(use) {
  try {
    return use(sessionStorage);
  } catch {
    return null;
  }
}

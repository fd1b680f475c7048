// What the reader changed, and the way back to the file's own bits.

/** The edits of a trace: parameters, x, h_0 and c_0, changed in place. */
export class Edits {
  #before = new Map();

  constructor(trace) {
    this.trace = trace;
  }

  get count() {
    return this.#before.size;
  }

  has(name, index) {
    return this.#before.has(`${name} ${index}`);
  }

  value(name, index) {
    return this.#array(name)[index];
  }

  set(name, index, value) {
    const array = this.#array(name);
    const key = `${name} ${index}`;
    if (!this.#before.has(key)) this.#before.set(key, { array, index, value: array[index] });
    array[index] = value;
    if (Object.is(value, this.#before.get(key).value)) this.#before.delete(key);
  }

  undo() {
    for (const { array, index, value } of this.#before.values()) array[index] = value;
    this.#before.clear();
  }

  #array(name) {
    const { parameters, x, h_0, c_0 } = this.trace;
    return (parameters[name] ?? { x, h_0, c_0 }[name]).values;
  }
}

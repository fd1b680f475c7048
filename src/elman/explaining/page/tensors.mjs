// Arrays of doubles with a shape, and the two products that a recurrent network needs.

/** {shape, values}: the doubles of an array as the page's data gives it, base64 of f32 or f64. */
export function decode({ shape, f32, f64 }) {
  const bytes = Uint8Array.from(atob(f32 ?? f64), (character) => character.charCodeAt(0));
  const given = f32 === undefined ? new Float64Array(bytes.buffer) : new Float32Array(bytes.buffer);
  return { shape, values: Float64Array.from(given) };
}

/** Row i of an array of two axes, as a view: a change of the array is seen in it. */
export function row({ shape, values }, i) {
  return values.subarray(i * shape[1], (i + 1) * shape[1]);
}

/** W v. */
export function times({ shape: [rows, columns], values }, vector) {
  const product = new Float64Array(rows);
  for (let i = 0, at = 0; i < rows; i++) {
    let sum = 0;
    for (let j = 0; j < columns; j++, at++) sum += values[at] * vector[j];
    product[i] = sum;
  }
  return product;
}

/** Wᵀ v. */
export function timesTransposed({ shape: [rows, columns], values }, vector) {
  const product = new Float64Array(columns);
  for (let i = 0, at = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++, at++) product[j] += values[at] * vector[i];
  }
  return product;
}

/** A B, both {shape, values}. */
export function product(a, b) {
  const [rows, inner] = a.shape;
  const columns = b.shape[1];
  const values = new Float64Array(rows * columns);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      let sum = 0;
      for (let k = 0; k < inner; k++) sum += a.values[i * inner + k] * b.values[k * columns + j];
      values[i * columns + j] = sum;
    }
  }
  return { shape: [rows, columns], values };
}

/** ‖v‖ of all vectors together; no square of a small or large number is lost on the way. */
export function norm(...vectors) {
  return Math.hypot(...vectors.map((vector) => Math.hypot(...vector)));
}

export function largest(values) {
  let found = 0;
  for (const value of values) if (Math.abs(value) > found) found = Math.abs(value);
  return found;
}

// How numbers are written. Rounding is for show only: the arithmetic keeps every digit.

const MINUS = "\u2212"; // as wide as a digit, which a hyphen is not

const withMinus = (text) => text.replaceAll("-", MINUS);

/** A number that is no finite one, as "NaN", "∞" or "−∞". */
function notFinite(value) {
  if (Number.isNaN(value)) return "NaN";
  return value > 0 ? "∞" : `${MINUS}∞`;
}

function withExponent(value) {
  return withMinus(value.toExponential(1).replace("e+", "e"));
}

/** Four places; a number too small or too large for them is 2.8e−5. */
export function ledgerNumber(value, places = 4) {
  if (!Number.isFinite(value)) return notFinite(value);
  const size = Math.abs(value);
  if (size !== 0 && (size < 0.5 * 10 ** -places || size >= 1e5)) return withExponent(value);
  return withMinus((value || 0).toFixed(places));
}

/** Two places for a cell of a drawing; an exact nought is 0, a number that rounds to it −0.00. */
export function cellNumber(value, most = 2) {
  if (!Number.isFinite(value)) return notFinite(value);
  const size = Math.abs(value);
  if (size === 0) return "0";
  if (size >= 99999.5) return withExponent(value);
  const places = size < 99.995 ? most : size < 999.95 ? 1 : 0;
  return withMinus(value.toFixed(places));
}

/** Nine significant digits, which tell any two float32 numbers apart. */
export function nineDigits(value) {
  if (!Number.isFinite(value)) return notFinite(value);
  return withMinus(String(Number(value.toPrecision(9))));
}

/** A size such as 0.078, 1.41 or 3.7 × 10⁻⁸, for sentences. */
export function inWords(value) {
  if (!Number.isFinite(value)) return notFinite(value);
  const size = Math.abs(value);
  if (size === 0) return "0";
  if (size >= 0.01 && size < 1000) return withMinus(value.toFixed(size < 0.1 ? 3 : 2));
  const [digits, exponent] = value.toExponential(1).split("e");
  return `${withMinus(digits)}\u00a0×\u00a0${powerOfTen(Number(exponent))}`; // in one piece
}

/** 10⁻³ for -3; 1 for 0. */
export function powerOfTen(exponent) {
  if (exponent === 0) return "1";
  const raised = (character) => (character === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(character)]);
  return `10${[...String(exponent)].map(raised).join("")}`;
}

/** The number that a field's text says, or null for text that says none. */
export function readNumber(text) {
  const plain = text.trim().replaceAll(MINUS, "-");
  const value = Number(plain);
  return plain !== "" && Number.isFinite(value) ? value : null;
}

/** A shape as Python writes it: (5,) or (2, 5). */
export function shapeText(shape) {
  return shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(", ")})`;
}

/** t = 3 in one piece, for sentences. */
export function stepText(t) {
  return `t\u00a0=\u00a0${t}`;
}

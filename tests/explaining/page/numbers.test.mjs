import assert from "node:assert/strict";
import test from "node:test";

import * as numbers from "../../../src/elman/explaining/page/numbers.mjs";

test("a ledger has four places and a true minus", () => {
  assert.equal(numbers.ledgerNumber(0.36426931), "0.3643");
  assert.equal(numbers.ledgerNumber(-0.069), "\u22120.0690");
  assert.equal(numbers.ledgerNumber(0), "0.0000");
  assert.equal(numbers.ledgerNumber(-0), "0.0000");
  assert.equal(numbers.ledgerNumber(0.0028), "0.0028");
});

test("what four places cannot show has an exponent", () => {
  assert.equal(numbers.ledgerNumber(0.000028), "2.8e\u22125");
  assert.equal(numbers.ledgerNumber(-4.9e-5), "\u22124.9e\u22125");
  assert.equal(numbers.ledgerNumber(5e-5), "0.0001");
  assert.equal(numbers.ledgerNumber(123456), "1.2e5");
});

test("a cell has two places; an exact nought is 0 and no other number is", () => {
  assert.equal(numbers.cellNumber(-0.6842), "\u22120.68");
  assert.equal(numbers.cellNumber(0), "0");
  assert.equal(numbers.cellNumber(-0.0028), "\u22120.00");
  assert.equal(numbers.cellNumber(0.0028), "0.00");
  assert.equal(numbers.cellNumber(99.994), "99.99");
  assert.equal(numbers.cellNumber(99.996), "100.0");
  assert.equal(numbers.cellNumber(-1234.5), "\u22121235");
  assert.equal(numbers.cellNumber(2.5e7), "2.5e7");
});

test("NaN and infinity are written out everywhere", () => {
  const { ledgerNumber, cellNumber, nineDigits, inWords } = numbers;
  for (const write of [ledgerNumber, cellNumber, nineDigits, inWords]) {
    assert.equal(write(Number.NaN), "NaN");
    assert.equal(write(Number.POSITIVE_INFINITY), "∞");
    assert.equal(write(Number.NEGATIVE_INFINITY), "\u2212∞");
  }
});

test("nine digits tell float32 neighbours apart", () => {
  const value = Math.fround(0.36426931);
  const next = value + 2 ** -25;
  assert.notEqual(numbers.nineDigits(value), numbers.nineDigits(Math.fround(next)));
  assert.equal(Math.fround(Number(numbers.nineDigits(value))), value);
});

test("sentences write sizes with powers of ten", () => {
  assert.equal(numbers.inWords(3.7475e-8), "3.7\u00a0×\u00a010⁻⁸");
  assert.equal(numbers.inWords(0.0784), "0.078");
  assert.equal(numbers.inWords(1.4053), "1.41");
  assert.equal(numbers.inWords(0), "0");
  assert.equal(numbers.inWords(12345), "1.2\u00a0×\u00a010⁴");
  assert.equal(numbers.powerOfTen(0), "1");
  assert.equal(numbers.powerOfTen(-12), "10⁻¹²");
});

test("a field takes U+2212 and refuses what says no number", () => {
  assert.equal(numbers.readNumber("\u22120.25"), -0.25);
  assert.equal(numbers.readNumber(" 1e-3 "), 0.001);
  for (const text of ["", "  ", "abc", "1,5", "NaN", "Infinity", "0x"]) {
    assert.equal(numbers.readNumber(text), null, text);
  }
});

test("shapes are written as Python does", () => {
  assert.equal(numbers.shapeText([5]), "(5,)");
  assert.equal(numbers.shapeText([2, 5]), "(2, 5)");
});

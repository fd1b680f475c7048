// Colour belongs to numbers: a scale from blue (negative) through the page's own surface, mixed in
// OKLab (Ottosson 2020) so that equal steps look equal.

export const LEVELS = 129;

const ENDS = {
  light: ["#1d5fa6", "#fbf9f4", "#b3500b"],
  dark: ["#69b3f2", "#23272c", "#f0994a"],
};

const scales = {};
let current = "light";

export function useTheme(theme) {
  current = theme;
}

/** The fill of a value and the ink that is read on it; deepest at ±`deepest`. */
export function colour(value, deepest = 1) {
  const share = Math.max(-1, Math.min(1, value / deepest || 0));
  return scale(current)[Math.round(((share + 1) / 2) * (LEVELS - 1))];
}

/** The colours of a theme, negative first; each {fill, bytes, ink}. */
export function scale(theme) {
  scales[theme] ??= Array.from({ length: LEVELS }, (_, i) =>
    mixed(theme, (2 * i) / (LEVELS - 1) - 1),
  );
  return scales[theme];
}

function mixed(theme, share) {
  const [negative, zero, positive] = ENDS[theme].map((hex) => toLab(toLinear(hex)));
  const end = share < 0 ? negative : positive;
  const lab = zero.map((value, i) => value + (end[i] - value) * Math.abs(share));
  const bytes = fromLab(lab).map(toByte);
  const fill = `#${bytes.map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;
  const onBlack = contrast(fill, "#000000");
  return { fill, bytes, ink: onBlack >= contrast(fill, "#ffffff") ? "#000000" : "#ffffff" };
}

/** The contrast of two colours (WCAG 2.2). */
export function contrast(one, other) {
  const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

function luminance(hex) {
  const [red, green, blue] = toLinear(hex);
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function toLinear(hex) {
  return [1, 3, 5].map((start) => {
    const part = Number.parseInt(hex.slice(start, start + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
}

function toByte(linear) {
  const part = Math.max(0, Math.min(1, linear));
  return Math.round(255 * (part <= 0.0031308 ? 12.92 * part : 1.055 * part ** (1 / 2.4) - 0.055));
}

function toLab([red, green, blue]) {
  const l = Math.cbrt(0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue);
  const m = Math.cbrt(0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue);
  const s = Math.cbrt(0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue);
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
}

function fromLab([lightness, a, b]) {
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
    -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
    -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s,
  ];
}

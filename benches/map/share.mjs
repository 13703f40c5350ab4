// Parts of a row of times, for the benchmark and for the page that it measures.

/** The time below which so great a part of them lies: the median for a half. */
export const share = (times, part) => {
  const sorted = [...times].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * part) - 1)];
};

// What a walk may expect to hear excuses exactly that: not the same digits elsewhere, nor another answer of the same page.
import assert from "node:assert/strict";
import { test } from "node:test";
import { line, lost, refused, words } from "./support/browser.mjs";

const said = (status, address) => line(`Failed to load resource: the server responded with a status of ${status} (Words)`, address);

test("a status is excused where it belongs, and nowhere else", () => {
  const { excuses } = refused(404, /^\/nowhere$/);
  assert.equal(excuses(said(404, "http://127.0.0.1:40123/nowhere?q=1")), true);
  for (const [status, address] of [
    [500, "http://127.0.0.1:40404/nowhere"],
    [404, "http://127.0.0.1:40123/events/nowhere"],
    [410, "http://127.0.0.1:40123/nowhere?status=404"],
  ]) {
    assert.equal(excuses(said(status, address)), false, `${status} ${address}`);
  }
});

test("an answer that never came is excused by its path and its reason", () => {
  const never = (why, address) => line(`Failed to load resource: net::${why}`, address);
  const { excuses } = lost(/\/stream$/);
  assert.equal(excuses(never("ERR_FAILED", "http://127.0.0.1:40123/a/stream")), true);
  assert.equal(excuses(never("ERR_CONNECTION_REFUSED", "http://127.0.0.1:40123/a/stream")), false);
  assert.equal(excuses(never("ERR_FAILED", "http://127.0.0.1:40123/a/stream.js")), false);
  assert.equal(excuses(said(503, "http://127.0.0.1:40123/a/stream")), false);
});

test("words excuse no request", () => {
  const { excuses } = words(/scripts/);
  assert.equal(excuses(line("This page runs without scripts.", "http://127.0.0.1:40123/")), true);
  assert.equal(excuses(said(500, "http://127.0.0.1:40123/scripts")), false);
});

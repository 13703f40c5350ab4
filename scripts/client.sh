# Builds the browser's files into dist/, where their sources have changed.
# shellcheck shell=bash

CLIENT_SOURCES="Cargo.toml Cargo.lock Trunk.toml .cargo/config.toml app frontend/Cargo.toml frontend/src frontend/index.html"
ASSET_SOURCES="public frontend/loader.js package-lock.json scripts/assets.mjs"

build_client() {
  local out="$CARGO_TARGET_DIR/client" compiled assets
  # shellcheck disable=SC2086
  compiled=$(node scripts/fingerprint.mjs $CLIENT_SOURCES)
  # shellcheck disable=SC2086
  assets="$compiled $(node scripts/fingerprint.mjs $ASSET_SOURCES)"
  [ -f dist/manifest.json ] && [ "$(cat dist/.sources 2>/dev/null)" = "$assets" ] && return 0
  if [ "$(cat "$out/.sources" 2>/dev/null)" != "$compiled" ]; then
    need_wasm_target
    need_trunk
    need_wasm_bindgen
    step "Building the browser client (about two minutes)" env -u NO_COLOR trunk build --dist "$out"
    printf '%s' "$compiled" >"$out/.sources"
  fi
  need_npm .
  step "Shrinking the browser client" node scripts/assets.mjs "$out"
  printf '%s' "$assets" >dist/.sources
}

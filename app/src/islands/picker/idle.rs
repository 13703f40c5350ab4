//! What the picker does on the server: nothing. The forms around it do the work there.

use domain::ids::TierId;
use leptos::ev::SubmitEvent;

use super::state::{Pass, Picker, Zoom};

pub(super) fn best(_: Picker, _: &SubmitEvent) {}
pub(super) fn standing(_: Picker, _: &SubmitEvent) {}
pub(super) fn remove_seat(_: Picker, _: &SubmitEvent, _: u32) {}
pub(super) fn remove_standing(_: Picker, _: &SubmitEvent, _: TierId) {}
pub(super) fn extend(_: Picker, _: &SubmitEvent) {}
pub(super) fn release(_: Picker, _: &SubmitEvent) {}
pub(super) fn again(_: Picker) {}
pub(super) fn quantity(_: Picker, _: u32) {}
pub(super) fn show(_: Picker, _list: bool) {}
pub(super) fn tab_key(_: Picker, _: &leptos::ev::KeyboardEvent) {}
pub(super) fn pass(_: Picker, _: Pass) {}
pub(super) fn preview(_: Picker, _: Option<Pass>) {}
pub(super) fn floor(_: Picker, _: Option<u8>) {}
pub(super) fn zoom(_: Picker, _: Zoom) {}
pub(super) fn open(_: Picker, _section: u16) {}
pub(super) fn toggle(_: Picker, _seat: u32) {}

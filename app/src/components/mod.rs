//! The design system: small components that do one thing, take signals, and know nothing of models or chats.
//!
//! Their looks are in `app/style/components.css`; each class there is named like the component here.

pub mod badge;
pub mod button;
pub mod card;
pub mod checkbox;
pub mod dialog;
pub mod disclosure;
pub mod empty_state;
pub mod field;
pub mod file_button;
pub mod icon;
pub mod icon_button;
pub mod markdown_view;
pub mod meter;
pub mod notice;
pub mod number_field;
pub mod optional_number_field;
pub mod page_header;
pub mod pager;
pub mod plots;
pub mod progress_bar;
pub mod segmented;
pub mod select;
pub mod slider;
pub mod tabs;
pub mod text_area;
pub mod text_field;
pub mod toast;

pub use badge::{Badge, Tone};
pub use button::{Button, ButtonKind};
pub use card::Card;
pub use checkbox::Checkbox;
pub use dialog::Dialog;
pub use disclosure::Disclosure;
pub use empty_state::EmptyState;
pub use field::Field;
pub use file_button::FileButton;
pub use icon::{Icon, IconName};
pub use icon_button::IconButton;
pub use markdown_view::MarkdownView;
pub use meter::Meter;
pub use notice::Notice;
pub use number_field::NumberField;
pub use optional_number_field::OptionalNumberField;
pub use page_header::PageHeader;
pub use pager::{Pager, paged};
pub use plots::{Interval, IntervalPlot, LinePlot, Marker, PlottedLine};
pub use progress_bar::ProgressBar;
pub use segmented::Segmented;
pub use select::{Select, SelectGroup, SelectOption};
pub use slider::Slider;
pub use tabs::{Tab, Tabs};
pub use text_area::TextArea;
pub use text_field::TextField;
pub use toast::{ToastRegion, Toaster};

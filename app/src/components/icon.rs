//! Line icons, drawn in a 24 by 24 square.

use leptos::prelude::*;

/// Which icon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IconName {
    /// A stack of boxes: models.
    Models,
    /// A speech bubble.
    Chat,
    /// A page with lines: prompts.
    Prompts,
    /// A table: datasets.
    Datasets,
    /// Three sliders: fine-tuning.
    FineTune,
    /// Bars: evaluation.
    Evaluate,
    /// A gear.
    Settings,
    /// Three dots.
    More,
    /// A plus sign.
    Plus,
    /// A cross.
    Close,
    /// A tick.
    Check,
    /// An arrow up.
    Send,
    /// A filled square.
    Stop,
    /// A circle of arrows.
    Again,
    /// A pencil.
    Edit,
    /// Two sheets.
    Copy,
    /// A bin.
    Delete,
    /// An arrow into a tray.
    Download,
    /// An arrow out of a tray.
    Upload,
    /// Two bars.
    Pause,
    /// A triangle.
    Resume,
    /// A chip.
    Device,
    /// A machine on the network.
    Companion,
    /// A clock turned back.
    History,
    /// A triangle with an exclamation mark.
    Warning,
    /// A circled i.
    Information,
    /// An arrow up, of something that moves.
    Up,
    /// An arrow down.
    Down,
    /// An arrow to the left.
    Back,
    /// An arrow to the right.
    Forward,
}

impl IconName {
    fn paths(self) -> &'static str {
        match self {
            Self::Models => "M12 3 4 7v10l8 4 8-4V7l-8-4ZM4 7l8 4 8-4M12 11v10",
            Self::Chat => {
                "M5 5h14a1.5 1.5 0 0 1 1.5 1.5v9A1.5 1.5 0 0 1 19 17h-7l-4.5 3.5V17H5a1.5 1.5 0 0 1-1.5-1.5v-9A1.5 1.5 0 0 1 5 5Z"
            }
            Self::Prompts => "M6.5 3.5h8l4 4v13h-12ZM14.5 3.5v4h4M9.5 12h6M9.5 15.5h6",
            Self::Datasets => "M4 5.5h16v13H4ZM4 10h16M4 14.3h16M10 5.5v13",
            Self::FineTune => "M5 4v7M5 15v5M12 4v3M12 11v9M19 4v10M19 18v2M3 13h4M10 9h4M17 16h4",
            Self::Evaluate => "M4 20h16M6.5 20v-6M12 20V5M17.5 20v-9",
            Self::Settings => {
                "M12 15.2a3.2 3.2 0 1 0 0-6.4 3.2 3.2 0 0 0 0 6.4ZM19 12l1.8-1.4-1.7-3-2.1.9a7 7 0 0 0-1.7-1L15 5.2h-3.4L11 7.5a7 7 0 0 0-1.7 1l-2.1-.9-1.7 3L7.2 12l-1.7 1.4 1.7 3 2.1-.9a7 7 0 0 0 1.7 1l.6 2.3H15l.3-2.3a7 7 0 0 0 1.7-1l2.1.9 1.7-3L19 12Z"
            }
            Self::More => {
                "M5 12a.6.6 0 1 0 1.2 0 .6.6 0 1 0-1.2 0M11.4 12a.6.6 0 1 0 1.2 0 .6.6 0 1 0-1.2 0M17.8 12a.6.6 0 1 0 1.2 0 .6.6 0 1 0-1.2 0"
            }
            Self::Plus => "M12 5v14M5 12h14",
            Self::Close => "M6 6l12 12M18 6 6 18",
            Self::Check => "M5 12.5l4.5 4.5L19 7.5",
            Self::Stop => "M7 7h10v10H7Z",
            Self::Again => "M19.5 12a7.5 7.5 0 1 1-2.2-5.3L19.5 9M19.5 4.5V9H15",
            Self::Edit => "M4.5 19.5l.9-4L16 4.9a1.5 1.5 0 0 1 2.1 0l1 1a1.5 1.5 0 0 1 0 2.1L8.5 18.6ZM14 7l3 3",
            Self::Copy => "M9 9h10.5v10.5H9ZM5.5 15H4.5V4.5H15v1",
            Self::Delete => "M4.5 7h15M9.5 7V4.5h5V7M6.5 7l.8 12.5h9.4L17.5 7M10 10.5v5.5M14 10.5v5.5",
            Self::Download => "M12 4v11M7 10.5 12 15.5l5-5M4.5 19.5h15",
            Self::Upload => "M12 15.5v-11M7 9l5-5 5 5M4.5 19.5h15",
            Self::Pause => "M8.5 5.5v13M15.5 5.5v13",
            Self::Resume => "M8 5.5v13l10.5-6.5Z",
            Self::Device => "M7 7h10v10H7ZM10 3.5V7M14 3.5V7M10 17v3.5M14 17v3.5M3.5 10H7M3.5 14H7M17 10h3.5M17 14h3.5",
            Self::Companion => "M4 5h16v5.5H4ZM4 13.5h16V19H4ZM7.5 7.8h.01M7.5 16.2h.01M11 7.8h5.5M11 16.2h5.5",
            Self::History => "M4.5 12a7.5 7.5 0 1 0 2.2-5.3L4.5 9M4.5 4.5V9H9M12 8v4.5l3 1.8",
            Self::Warning => "M12 4 2.8 19.5h18.4ZM12 10v4.5M12 17h.01",
            Self::Information => "M12 20.5a8.5 8.5 0 1 0 0-17 8.5 8.5 0 0 0 0 17ZM12 11v5M12 8h.01",
            Self::Send | Self::Up => "M12 19V5M5.5 11.5 12 5l6.5 6.5",
            Self::Down => "M12 5v14M5.5 12.5 12 19l6.5-6.5",
            Self::Back => "M14.5 5.5 8 12l6.5 6.5",
            Self::Forward => "M9.5 5.5 16 12l-6.5 6.5",
        }
    }
}

/// A decorative icon; whatever holds it has the words.
#[component]
pub fn Icon(
    /// Which one.
    name: IconName,
) -> impl IntoView {
    let class = if matches!(name, IconName::Stop | IconName::Resume) { "icon icon-solid" } else { "icon" };
    view! {
        <svg class=class viewBox="0 0 24 24" aria-hidden="true" focusable="false">
            <path d=name.paths()></path>
        </svg>
    }
}

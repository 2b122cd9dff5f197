//! The known models: data in `public/catalog.json`, read here, and whether a device can hold them.

mod device_fit;
mod entry;
mod money;

pub use device_fit::{DeviceFit, DeviceLimits, MemoryNeed};
pub use entry::{Catalog, CatalogEntry, InvalidCatalog, Licence};
pub use money::Money;

//! Choosing a model: what is known of models, what devices can hold, how fast and how dear they are, and which of them
//! meet a person's requirements best. The known models are data in `public/catalog.json`, read here.

mod calendar_date;
mod candidate;
mod capabilities;
mod cost;
mod device_limits;
mod device_probe;
mod dimensions;
mod entry;
mod fact_source;
mod facts;
mod licence;
mod memory;
mod money;
mod prices;
mod ranking;
mod requirements;
mod speed;
mod weight_format;

pub use calendar_date::{CalendarDate, InvalidDate};
pub use candidate::{Candidate, CandidatePlace, ModelFile, Pricing};
pub use capabilities::{Capabilities, Capability, ModelTask};
pub use cost::{CostLine, CostModel, InvalidCostFigure, OwnHardware, Workload, compare_costs};
pub use device_limits::{DeviceFit, DeviceLimits, GpuLimits, Placement};
pub use dimensions::{LinearLayer, ModelDimensions, NormLayout};
pub use entry::{Catalog, CatalogEntry, InvalidCatalog};
pub use fact_source::FactSource;
pub use facts::{ModelFacts, QualityFact};
pub use licence::Licence;
pub use memory::{ActivationStorage, ComputeDevice, MemoryNeed, TrainingMemory, TrainingMethod, TrainingSetup};
pub use money::Money;
pub use prices::{
    ImplausiblePrice, ImportedPrices, InvalidPrice, InvalidPriceTable, PricedModel, RefusedPrice, TokenPrice,
    check_price, import_litellm,
};
pub use ranking::{Device, Devices, Excluded, Factor, FactorKind, Ranked, Ranking, rank};
pub use requirements::{InvalidRequirement, LicenceRequirement, Privacy, QualityFloor, RankingWeights, Requirements};
pub use speed::{DevicePeak, Speed};
pub use weight_format::WeightFormat;

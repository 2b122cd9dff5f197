//! How countries write their numbers at home, without a calling code: from the national numbering plans (ITU-T E.129)
//! and the notations of E.123 and DIN 5008.
//!
//! In a layout `X` is any digit, `Z` one from 1, `N` from 2, `K` from 3, `M` from 6, and a digit is itself. ` ` is one
//! separator of any sort, `-` a hyphen, `~` a separator or none, `#` five to eight digits in one, and `*` at least four
//! digits with separators between them.

/// The numbers of a country.
pub(super) struct Country {
    pub(super) name: &'static str,
    /// Digits in all.
    pub(super) fewest: usize,
    pub(super) most: usize,
    /// Layouts that little else has.
    pub(super) certain: &'static [&'static str],
    /// Layouts that need a word before them which says that it is a phone.
    pub(super) with_word: &'static [&'static str],
}

#[rustfmt::skip]
pub(super) const COUNTRIES: [Country; 24] = [
    Country {
        name: "United States or Canada", fewest: 10, most: 11,
        certain: &["NXX NXX XXXX", "(NXX)~NXX XXXX", "1 NXX NXX XXXX", "1~(NXX)~NXX XXXX"],
        with_word: &["NXXNXXXXXX", "NXX NXXXXXX", "1NXXNXXXXXX"],
    },
    Country {
        name: "United Kingdom", fewest: 10, most: 11,
        certain: &[
            "0ZXX XXX XXXX", "0ZXXX XXXXXX", "0ZXXX XXX XXX", "02X XXXX XXXX", "(0ZXXX)~XXXXXX", "(0ZXXX)~XXX XXX",
            "(0ZXXX)~XXXXX", "(0ZXX)~XXX XXXX", "(0ZXX)~XXXXXXX", "(02X)~XXXX XXXX", "07XXXXXXXXX",
        ],
        with_word: &["0ZXXXXXXXXX", "0ZXXXXXXXX"],
    },
    Country {
        name: "Germany", fewest: 8, most: 13,
        certain: &["0ZX *", "0ZXX *", "0ZXXX *", "0ZXXXX *", "(0ZX)~*", "(0ZXX)~*", "(0ZXXX)~*", "(0ZXXXX)~*", "015XXXXXXXXX", "017XXXXXXXX", "016XXXXXXXX", "017XXXXXXXXX"],
        with_word: &["0Z*"],
    },
    Country {
        name: "France", fewest: 10, most: 10,
        certain: &["0Z XX XX XX XX", "06XXXXXXXX", "07XXXXXXXX"],
        with_word: &["0ZXXXXXXXX", "0Z XXXXXXXX", "0ZXX XXX XXX"],
    },
    Country {
        name: "Spain", fewest: 9, most: 9,
        certain: &["6XX XX XX XX", "7XX XX XX XX", "9XX XX XX XX", "8XX XX XX XX", "9X XXX XX XX", "6XX-XXX-XXX", "7XX-XXX-XXX", "9XX-XXX-XXX"],
        with_word: &["MXX XXX XXX", "MXXXXXXXX"],
    },
    Country {
        name: "Italy", fewest: 8, most: 11,
        certain: &["3XX XXXXXXX", "3XX XXX XXXX", "3XX XX XX XXX", "3XX XXXXXX", "02 #", "06 #", "0ZX #", "0ZXX #", "02 XXXX XXXX", "06 XXXX XXXX"],
        with_word: &["3XXXXXXXXX", "3XXXXXXXX", "0Z*"],
    },
    Country {
        name: "Japan", fewest: 10, most: 11,
        certain: &[
            "070 XXXX XXXX", "080 XXXX XXXX", "090 XXXX XXXX", "050 XXXX XXXX", "0Z XXXX XXXX", "0ZX XXX XXXX", "0ZXX XX XXXX", "0120 XXX XXX",
            "0800 XXX XXXX", "(0Z)~XXXX XXXX", "0Z(XXXX)XXXX", "0ZX(XXX)XXXX", "(0ZX)~XXX XXXX", "070XXXXXXXX", "080XXXXXXXX", "090XXXXXXXX",
        ],
        with_word: &["0ZXXXXXXXX"],
    },
    Country {
        name: "Brazil", fewest: 10, most: 13,
        certain: &["(ZZ)~9XXXX XXXX", "(ZZ)~NXXX XXXX", "(0ZZ)~9XXXX XXXX", "(0ZZ)~NXXX XXXX", "ZZ 9XXXX XXXX", "0ZZ 9XXXX XXXX", "0ZZ NXXX XXXX", "ZZ NXXX-XXXX", "(ZZ)~9 XXXX XXXX", "ZZ 9 XXXX XXXX", "0Z00 XXX XXXX"],
        with_word: &["ZZ9XXXXXXXX", "ZZNXXXXXXX", "ZZ NXXX XXXX", "9XXXX XXXX"],
    },
    Country {
        name: "India", fewest: 10, most: 11,
        certain: &["MXXXX XXXXX", "0MXXX XXXXXX", "0MXXXX XXXXX", "0ZX XXXXXXXX", "0ZXX XXXXXXX", "0ZXXX XXXXXX", "(0ZX)~XXXXXXXX", "0MXXXXXXXXX"],
        with_word: &["MXXXXXXXXX", "MXXX XXX XXX", "MXX XXX XXXX"],
    },
    Country {
        name: "China", fewest: 10, most: 12,
        certain: &["1KX XXXX XXXX", "0ZX XXXXXXXX", "0ZXX XXXXXXX", "0ZXX XXXXXXXX", "(0ZX)~XXXXXXXX", "(0ZXX)~XXXXXXX", "(0ZXX)~XXXXXXXX", "400 XXX XXXX"],
        with_word: &["1KXXXXXXXXX"],
    },
    Country {
        name: "Netherlands", fewest: 10, most: 10,
        certain: &["06 XXXXXXXX", "06 XX XX XX XX", "0ZX XXXXXXX", "0ZX XXX XX XX", "0ZXX XXXXXX", "06 XXXX XXXX"],
        with_word: &["0ZXXXXXXXX"],
    },
    Country { name: "Switzerland", fewest: 10, most: 10, certain: &["0ZX XXX XX XX"], with_word: &["0ZXXXXXXXX"] },
    Country { name: "Belgium", fewest: 9, most: 10, certain: &["04XX XX XX XX", "0Z XXX XX XX", "0ZX XX XX XX"], with_word: &["04XXXXXXXX"] },
    Country { name: "Austria", fewest: 8, most: 13, certain: &["0ZXX *", "0ZXXX *", "01 XXX XX XX"], with_word: &["0Z*"] },
    Country { name: "Poland", fewest: 9, most: 9, certain: &[], with_word: &["NXX XXX XXX", "NX XXX XX XX", "NXXXXXXXX"] },
    Country {
        name: "Russia", fewest: 10, most: 11,
        certain: &["8~(ZXX)~XXX XX XX", "8 ZXX XXX XX XX", "(ZXX)~XXX XX XX", "8 ZXX XXX XXXX"],
        with_word: &["8ZXXXXXXXXX", "89XXXXXXXXX"],
    },
    Country { name: "Turkey", fewest: 10, most: 11, certain: &["0ZXX XXX XX XX", "0~(ZXX)~XXX XX XX", "05XX XXX XXXX"], with_word: &["5XX XXX XX XX", "05XXXXXXXXX"] },
    Country { name: "South Korea", fewest: 9, most: 11, certain: &["01X XXXX XXXX", "01X XXX XXXX", "02 XXXX XXXX", "02 XXX XXXX", "0ZX XXXX XXXX"], with_word: &["01XXXXXXXXX"] },
    Country { name: "Mexico", fewest: 10, most: 10, certain: &["(ZX)~XXXX XXXX"], with_word: &["NX XXXX XXXX", "NXX XXX XXXX"] },
    Country { name: "Australia", fewest: 10, most: 10, certain: &["04XX XXX XXX", "(0Z)~XXXX XXXX", "0Z XXXX XXXX"], with_word: &["04XXXXXXXX"] },
    Country { name: "Sweden", fewest: 9, most: 10, certain: &["0ZX XXX XX XX", "07X XXX XX XX", "08 XXX XX XX"], with_word: &["07XXXXXXXX"] },
    Country { name: "Indonesia", fewest: 10, most: 13, certain: &["08XX XXXX XXXX", "08XX XXXX XXX", "08XX XXXX XXXXX"], with_word: &["08XXXXXXXX", "08XXXXXXXXX", "08XXXXXXXXXX"] },
    Country { name: "Portugal", fewest: 9, most: 9, certain: &[], with_word: &["9XX XXX XXX", "2XX XXX XXX", "NXXXXXXXX"] },
    Country { name: "Vietnam", fewest: 10, most: 10, certain: &["0ZXX XXX XXX", "0ZX XXX XXXX"], with_word: &["0ZXXXXXXXX"] },
];

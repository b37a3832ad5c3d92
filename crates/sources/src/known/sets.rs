//! The data sets known by name: where they are, and how to tell that a copy is right.

/// One file of a known set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownFile {
    /// Its official name.
    pub name: &'static str,
    /// Bytes.
    pub size: u64,
    /// SHA-256 sum in hexadecimal.
    pub sha256: &'static str,
}

/// A data set known by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownSet {
    /// What `--data` calls it.
    pub name: &'static str,
    /// One line on what it shows and who made it.
    pub about: &'static str,
    /// What each label means, by label.
    pub class_names: [&'static str; 10],
    /// Addresses to which a file's name is appended, the first one first.
    pub mirrors: &'static [&'static str],
    /// Training images, training labels, test images, test labels.
    pub files: [KnownFile; 4],
}

impl KnownSet {
    /// Bytes of all files together.
    pub fn size(&self) -> u64 {
        self.files.iter().map(|file| file.size).sum()
    }
}

/// The sets that can be fetched by name.
pub fn known_sets() -> &'static [KnownSet] {
    &SETS
}

/// The set of that name, if it is known.
pub fn known_set(name: &str) -> Option<&'static KnownSet> {
    SETS.iter().find(|set| set.name == name)
}

pub(crate) const FASHION_MNIST: &KnownSet = &SETS[0];

/// What the ten classes of garments are called.
pub(crate) const GARMENT_NAMES: [&str; 10] =
    ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"];

static SETS: [KnownSet; 3] = [
    KnownSet {
        name: "fashion-mnist",
        about: "70,000 garments in ten classes, 28x28 grey (Zalando Research, 2017)",
        class_names: GARMENT_NAMES,
        mirrors: &[
            "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
            "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
        ],
        files: [
            KnownFile {
                name: "train-images-idx3-ubyte.gz",
                size: 26_421_880,
                sha256: "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
            },
            KnownFile {
                name: "train-labels-idx1-ubyte.gz",
                size: 29_515,
                sha256: "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
            },
            KnownFile {
                name: "t10k-images-idx3-ubyte.gz",
                size: 4_422_102,
                sha256: "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
            },
            KnownFile {
                name: "t10k-labels-idx1-ubyte.gz",
                size: 5_148,
                sha256: "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
            },
        ],
    },
    KnownSet {
        name: "mnist",
        about: "70,000 handwritten digits, 28x28 grey (LeCun, Cortes and Burges, 1998)",
        class_names: ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"],
        mirrors: &[
            "https://ossci-datasets.s3.amazonaws.com/mnist/",
            "https://storage.googleapis.com/cvdf-datasets/mnist/",
        ],
        files: [
            KnownFile {
                name: "train-images-idx3-ubyte.gz",
                size: 9_912_422,
                sha256: "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
            },
            KnownFile {
                name: "train-labels-idx1-ubyte.gz",
                size: 28_881,
                sha256: "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
            },
            KnownFile {
                name: "t10k-images-idx3-ubyte.gz",
                size: 1_648_877,
                sha256: "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
            },
            KnownFile {
                name: "t10k-labels-idx1-ubyte.gz",
                size: 4_542,
                sha256: "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
            },
        ],
    },
    KnownSet {
        name: "kmnist",
        about: "70,000 handwritten Kuzushiji characters in ten classes, 28x28 grey (CODH, 2018)",
        class_names: ["o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"],
        // The publisher's server under both schemes; nobody else hosts it officially.
        mirrors: &["http://codh.rois.ac.jp/kmnist/dataset/kmnist/", "https://codh.rois.ac.jp/kmnist/dataset/kmnist/"],
        files: [
            KnownFile {
                name: "train-images-idx3-ubyte.gz",
                size: 18_165_135,
                sha256: "51467d22d8cc72929e2a028a0428f2086b092bb31cfb79c69cc0a90ce135fde4",
            },
            KnownFile {
                name: "train-labels-idx1-ubyte.gz",
                size: 29_497,
                sha256: "e38f9ebcd0f3ebcdec7fc8eabdcdaef93bb0df8ea12bee65224341c8183d8e17",
            },
            KnownFile {
                name: "t10k-images-idx3-ubyte.gz",
                size: 3_041_136,
                sha256: "edd7a857845ad6bb1d0ba43fe7e794d164fe2dce499a1694695a792adfac43c5",
            },
            KnownFile {
                name: "t10k-labels-idx1-ubyte.gz",
                size: 5_120,
                sha256: "20bb9a0ef54c7db3efc55a92eef5582c109615df22683c380526788f98e42a1c",
            },
        ],
    },
];

//! Names that come from files on their way to people: told apart, harmless to a terminal, and ready to be typed.

use modiste_data::ImageShape;

use crate::runner::{Part, World, write_set};

const SMALL: &str = "
name = 'small'
layers = [{ type = 'flatten' }, { type = 'dense', activation = 'softmax' }]
[training]
epochs = 1
batch = 16
";

#[test]
fn one_of_a_kind_is_singular() {
    let world = World::new();
    world.file("small.toml", SMALL);
    let part = || Part { shape: ImageShape { height: 4, width: 4, channels: 1 }, pixels: vec![9; 16], labels: vec![0] };
    write_set(&world.path("one"), [part(), part()]);
    assert_eq!(world.words("data show --data one").done(), "one: 1 training image, samples in one.png\n");
    let page = world.words("train small.toml --data one --validation 0 --threads 1 --out run");
    assert_eq!(page.status, Some(0), "{page:?}");
    for words in
        ["small on one: 1 training and 1 test image, none for validation; ", ", 1 thread\n", "\n1 test image of one: "]
    {
        assert!(page.stdout.contains(words), "{words} is not in {}", page.stdout);
    }
    let page = world.words("evaluate run").done();
    assert!(page.contains("small (run, 1 epoch) on the 1 test image of "), "{page}");
}

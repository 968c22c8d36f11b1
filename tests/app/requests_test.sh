#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Wrong requests (exit status 2) and work that cannot be done (1): each gives one line that says what would be right.
source "$(dirname "$0")/common.sh"
cd "$work" || exit 1

# Names are refused with the nearest known one.
refused 2 'no command is given; known: demo, models'
refused 2 'unknown command "trian"; did you mean "train"?' trian mnist-cnn
refused 2 'unknown model "mnist-cn"; did you mean "mnist-cnn"?' train mnist-cn --data digits
refused 2 'unknown model "mnist-cn"; did you mean "mnist-cnn"?' summary mnist-cn
refused 2 'unknown model "somewhere-else": neither the folder of a run nor one of the' eval somewhere-else
refused 2 'unknown option "--epoch"; did you mean "--epochs"?' train mnist-cnn --epoch 3
refused 2 'unknown kind of data set "mnst"; did you mean "mnist"?' data mnst:somewhere
refused 2 'unknown optimizer.name "sdg"; did you mean "sgd"?' train mnist-cnn --data digits --optimizer sdg
refused 2 'unknown rate.schedule "cosin"; did you mean "cosine"?' train mnist-cnn --data digits --schedule cosin
refused 2 'did you mean "optimizer.momentum"?' train mnist-cnn --data digits --set optimizer.momentun=1
refused 2 'did you mean "kernels"?' lower mnist-mlp --stage kernel
refused 2 'unknown split "tset"; did you mean "test"?' eval mnist-mlp --data digits:60 --split tset
refused 2 'IMAGE is required' classify mnist-cnn
refused 2 'unknown convention "torsh"; did you mean "torch"?' summary resnet18 --convention torsh
refused 2 '--processes plans training steps: give --train, too' summary mnist-mlp --processes 2
refused 2 'a batch of 100 images cannot be cut into 8 equal shards' summary mnist-mlp --train --processes 8 --batch 100 --shards 8
refused 2 '/dev/null is no profile of a training step' summary mnist-mlp --train --processes 2 --profile /dev/null
refused 2 'mnist-mlp has no option width' summary mnist-mlp --width 2
refused 2 '--input 32by32: extents such as 224x224x3' summary resnet20 --input 32by32
refused 2 'which of global_view, local_view? --input NAME=FILE' run astronet --input x.npy --output y.npy
refused 2 'unknown --input "global_viw"; did you mean "global_view"?' run astronet --input global_viw=x.npy --output y.npy
refused 2 'takes no "extra"' models extra

# Numbers must be in their range.
refused 2 'epochs is 0 and head.epochs is 0: nothing is trained' train mnist-cnn --data digits --epochs 0
for value in -3 1.5 many; do refused 2 "$value is not a whole number from 0" train mnist-cnn --data digits --epochs $value; done
for value in 0 -1; do refused 2 "$value is not a whole number from 1" bench mnist-mlp --batch $value; done
for value in 0 -0.1 nan; do refused 2 "$value is not a number above 0" train mnist-cnn --data digits --rate $value; done
refused 2 '0 is not a whole number from 1 to 1024' models --threads 0
refused 2 '-1 is not a whole number of at least 0' models --seed -1
refused 2 'a batch of 4096 is more than the 60 training images' train mnist-cnn --data digits:60 --batch 4096
refused 2 'rate.gamma is 2; it must be above 0' train mnist-cnn --data digits:60 --set rate.gamma=2

# Options that exclude each other are refused.
refused 2 'train on what?' train mnist-cnn
refused 2 'train on what?' train
refused 2 'cifar-cnn takes images [32, 32, 3]; the data set has [28, 28, 1]' train cifar-cnn --data digits:600
refused 2 'holds no checkpoint to resume from' train --resume --out nowhere
refused 2 'holds no checkpoint to resume from' train --resume --out nowhere --epochs 3
refused 2 'give one' train mnist-cnn --resume --overwrite
refused 2 'it has no recipe.toml' eval . --data digits:60
refused 2 'no run at runs/none' eval runs/none --data digits:60

# Requests about quantization and model files.
refused 1 'there is no folder' quantize resnet20 --weights "$PWD/a/name/that/is/long/enough/to/be/allocated.safetensors" --calibrate "cifar10:$PWD/none"
refused 2 'unknown method "minimax"; did you mean "minmax"?' quantize mnist-cnn --calibrate digits:600 --images 10 --method minimax
refused 2 'unknown input "uint9"; did you mean "uint8"?' quantize mnist-cnn --calibrate digits:600 --images 10 --input uint9
refused 2 'unknown split "val"' quantize mnist-cnn --calibrate digits:600 --images 10 --evaluate digits:600 --split val
refused 2 'unknown layer "nope"' quantize mnist-cnn --calibrate digits:600 --images 10 --float-layers nope
refused 2 'the ending must be .tflite or .onnx' quantize mnist-cnn --calibrate digits:600 -o x.pb
refused 1 'there is no folder nowhere' quantize mnist-cnn --calibrate digits:600 -o nowhere/x.tflite
refused 2 'images of 32x32x3 cannot come from a data set of 28x28x1' quantize cifar-cnn --calibrate digits:600 --images 10
refused 2 '--weights FILE, or the folder of its run' train mnist-cnn --data digits:600 --quantize-aware
refused 2 'quantize.range_decay is 2' train mnist-cnn --data digits:600 --quantize-aware --set quantize.range_decay=2
refused 2 '. and --data digits:600 are both data' train . --data digits:600 --quantize-aware
refused 2 'fovea train DIR --weights net.tflite' train net.tflite --data digits:600 --quantize-aware
refused 1 'cannot read missing.tflite' edgetpu missing.tflite
printf '{}' >text.tflite
refused 1 'text.tflite is no TensorFlow Lite file' edgetpu text.tflite
refused 1 'text.tflite is no TensorFlow Lite file' export text.tflite -o x.onnx
refused 2 "a file's name ends in .tflite, .onnx or .safetensors" export mnist-cnn -o x.pb
refused 1 'cannot write nowhere/x.tflite' export mnist-mlp -o nowhere/x.tflite
refused 1 'cannot read missing.safetensors' export mnist-cnn --weights missing.safetensors -o x.tflite

# Requests about files.
refused 1 'cannot read missing.toml' train --recipe missing.toml --data digits
printf 'model = "mnist-mlp"\nepochs = ten\n' >bad.toml
refused 2 'bad.toml:2' train --recipe bad.toml --data digits
printf 'model = "mnist-mlp"\n[augment]\nflop = true\n' >bad.toml
refused 2 'bad.toml:3: recipe key "augment.flop"; did you mean "augment.flip"?' train --recipe bad.toml --data digits
refused 1 'there is no folder nowhere' data mnist:nowhere
mkdir -p broken && printf 'not gzip' >broken/train-images-idx3-ubyte && printf '' >broken/train-labels-idx1-ubyte
refused 1 'broken/train' data mnist:broken
touch file
refused 1 'file' train mnist-mlp --data digits:600 --epochs 1 --out file/run
finish

;; Counts the words of the text in a call, in 64 lines of WebAssembly: the ABI of skills needs no
;; particular language. The call is JSON, {"id": …, "name": …, "args": {"text": "…"}}.
(module
  (memory (export "memory") 2)
  (global $free (mut i32) (i32.const 4096))
  ;; Where the result is made: the words before the number, then the number, then the end.
  (data (i32.const 0) "{\"status\":\"ok\",\"content\":\"")
  (data (i32.const 64) "\"text\"")

  ;; A place for len bytes. One call is answered by each instance, so nothing is ever given back.
  (func (export "alloc") (param $len i32) (result i32)
    (local $place i32)
    (local.set $place (global.get $free))
    (global.set $free (i32.add (global.get $free) (local.get $len)))
    (block $fits
      (loop $grow
        (br_if $fits (i32.le_u (global.get $free) (i32.mul (memory.size) (i32.const 65536))))
        (br_if $grow (i32.ne (memory.grow (i32.const 16)) (i32.const -1)))
        (unreachable)))
    (local.get $place))

  (func (export "dealloc") (param i32 i32))

  ;; The address behind the first "text" with its colon and quote, or the end.
  (func $text (param $at i32) (param $end i32) (result i32)
    (local $i i32)
    (loop $next
      (if (i32.ge_u (i32.add (local.get $at) (i32.const 6)) (local.get $end)) (then (return (local.get $end))))
      (local.set $i (i32.const 0))
      (block $differs
        (loop $same
          (br_if $differs (i32.ne
            (i32.load8_u (i32.add (local.get $at) (local.get $i)))
            (i32.load8_u offset=64 (local.get $i))))
          (local.set $i (i32.add (local.get $i) (i32.const 1)))
          (br_if $same (i32.lt_u (local.get $i) (i32.const 6))))
        (return (i32.add (local.get $at) (i32.const 8))))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (br $next))
    (unreachable))

  (func (export "run") (param $place i32) (param $len i32) (result i64)
    (local $at i32) (local $end i32) (local $byte i32) (local $inside i32) (local $words i32)
    (local $digits i32) (local $out i32) (local $rest i32)
    (local.set $end (i32.add (local.get $place) (local.get $len)))
    (local.set $at (call $text (local.get $place) (local.get $end)))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $at) (local.get $end)))
        (local.set $byte (i32.load8_u (local.get $at)))
        (br_if $done (i32.eq (local.get $byte) (i32.const 34)))          ;; the closing quote
        (if (i32.eq (local.get $byte) (i32.const 92))                    ;; an escape: \n and \t are blanks
          (then
            (local.set $at (i32.add (local.get $at) (i32.const 1)))
            (local.set $byte (i32.load8_u (local.get $at)))
            (if (i32.or (i32.eq (local.get $byte) (i32.const 110)) (i32.eq (local.get $byte) (i32.const 116)))
              (then (local.set $byte (i32.const 32))))))
        (if (i32.eq (local.get $byte) (i32.const 32))
          (then (local.set $inside (i32.const 0)))
          (else
            (if (i32.eqz (local.get $inside)) (then (local.set $words (i32.add (local.get $words) (i32.const 1)))))
            (local.set $inside (i32.const 1))))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (br $next)))
    ;; The number, its digits from the last to the first, at 26 and behind.
    (local.set $rest (local.get $words))
    (loop $count
      (local.set $digits (i32.add (local.get $digits) (i32.const 1)))
      (local.set $rest (i32.div_u (local.get $rest) (i32.const 10)))
      (br_if $count (local.get $rest)))
    (local.set $out (i32.add (i32.const 26) (local.get $digits)))
    (i32.store16 (local.get $out) (i32.const 0x7d22))                    ;; "}
    (loop $write
      (local.set $out (i32.sub (local.get $out) (i32.const 1)))
      (i32.store8 (local.get $out) (i32.add (i32.const 48) (i32.rem_u (local.get $words) (i32.const 10))))
      (local.set $words (i32.div_u (local.get $words) (i32.const 10)))
      (br_if $write (i32.gt_u (local.get $out) (i32.const 26))))
    (i64.extend_i32_u (i32.add (i32.const 28) (local.get $digits)))))

/**
 * Parquet files that are encrypted (Encryption.md in apache/parquet-format), which no writer here can make. By pyarrow
 * 26.0.1: columns n (int32) and t (text) in three rows; `footer` is encrypted as a whole (PARE), of `column` only t is, with a
 * footer that all may read. Nobody has the keys any more.
 */
export const ENCRYPTED = {
  footer: Buffer.from(
    'UEFSRRUAFSQVKCwVBhUAFQYVBhwAAAASRAIAAAAGAQEAAAACAAAAAwAAAC8AAACnBgjmBlewatRgHKFofhZEsa7/u32QkePQ78PAGFxrD3qYGEfD'
      + 'MUU7nk/wV7G8fzUAAAC9wbDthzkFYMUjCVwWcRBN9xcj0XOyTEqTSU5yrqiE1Sx2ysxYjAPogt8IZl7O3aW4uWiPvxwcKAiPk/UNVxMeChIAABjL'
      + 'AXsia2V5TWF0ZXJpYWxUeXBlIjoiUEtNVDEiLCJpbnRlcm5hbFN0b3JhZ2UiOnRydWUsImlzRm9vdGVyS2V5Ijp0cnVlLCJrbXNJbnN0YW5jZUlE'
      + 'IjoiREVGQVVMVCIsImttc0luc3RhbmNlVVJMIjoiREVGQVVMVCIsIm1hc3RlcktleUlEIjoiZiIsIndyYXBwZWRERUsiOiJUelpNbDA3MmpGOVBo'
      + 'aXIyd2RnTHd3PT0iLCJkb3VibGVXcmFwcGluZyI6ZmFsc2V9AJwBAAAcPdYPfx18ohe6yjLFMnqHsDPVQnt/b4EbLdhYbV6fwQ+oJyS5YsvnCHll'
      + 'ubWIMcHJrqfCsJ2Whr0WSyOxMIfFKuZyOfXn/F1yQ94EZBYSdhcvCeKBOo+trDXqOzinr/s9YQVUZ2HZ2lb1PrLTFKgaNCotDv91Hqk6EebyQ6PP'
      + 'N4Bm3fkxCEL7G8gKbLxoFUrMl8fhTogPAkJKmWlSnzD7TbDZu+wKOmuxOQ4xKBSPMyb5NEa5oRGIl4WmYZjJMKywBMmknib1nPTqtg36Y8TaMGl+'
      + '62gPphXKZ+8va9VACHzCc03ZioAcXRUuoo0k2u6gCg3tJnDhT7DQKBkaLXCHurpnkfUCBv9H/rciZYdvrzh5479MGAmeTkSpq+40zkNaqcHqWWk5'
      + '2SpaGmLnB/k6V46LG4qs9BZ8rpNrZq0ujwsUx5c/iXLVNslfnyJvoC7EIaBsXE1++iMHr/QkF+4gFfcuIvZItP7+WEde9eeuL7AbrxrC1n5j1/uF'
      + 'zxBceYem9P/HZR1YOXJ6++EVpbHHHRPkdCPTQUyA99eAfgIAAFBBUkU=',
    'base64',
  ),
  column: Buffer.from(
    'UEFSMRUAFSQVKCwVBhUAFQYVBhwAAAASRAIAAAAGAQEAAAACAAAAAwAAAC8AAABFWrVIPM8NUF1Vt44i5X0HcCpGIouqmj6smEucpDOMwOgpxSV2'
      + 'XZdNxz3tiM1GEzUAAAC/A+K6+d74WjTKj1SH0//6+ylg8ODKjzlM3/sJ2QbF7v57EdRccUtcC93Av2i5/1iJVwZxSBUEGTw1ABgGc2NoZW1hFQQA'
      + 'FQIlAhgBbgAVDCUCGAF0JQBMHAAAABYGGRwZLCYAHBUCGSUGABkYAW4VAhYGFkoWTiYISRwVABUAFQIAPCkGGSYABgAAACYAHBUMGSUGABkYAXQV'
      + 'AhYGFpYBFtgBJlZ8FgwZBhkmAAYAAFwsGRgBdBiXAXsia2V5TWF0ZXJpYWxUeXBlIjoiUEtNVDEiLCJpbnRlcm5hbFN0b3JhZ2UiOnRydWUsImlz'
      + 'Rm9vdGVyS2V5IjpmYWxzZSwibWFzdGVyS2V5SUQiOiJjIiwid3JhcHBlZERFSyI6IlN3NW1vb2tHS2RRZ0l2YkNWam1lTVE9PSIsImRvdWJsZVdy'
      + 'YXBwaW5nIjpmYWxzZX0AABhKRgAAAFm0eJOxkcXv5hlENbnib65EskQPU9uiqpf5wLlSIRQNchEYzAFC1O9s26Rs+qh2OIeuEc1TkjlCjR6lCtoX'
      + 'eu0LgksVv6sAFuABFgYmCBamAhQAACggcGFycXVldC1jcHAtYXJyb3cgdmVyc2lvbiAyNi4wLjEZLBwAABwAABwcKAjfGFTAOiWn4RIAABjLAXsi'
      + 'a2V5TWF0ZXJpYWxUeXBlIjoiUEtNVDEiLCJpbnRlcm5hbFN0b3JhZ2UiOnRydWUsImlzRm9vdGVyS2V5Ijp0cnVlLCJrbXNJbnN0YW5jZUlEIjoi'
      + 'REVGQVVMVCIsImttc0luc3RhbmNlVVJMIjoiREVGQVVMVCIsIm1hc3RlcktleUlEIjoiZiIsIndyYXBwZWRERUsiOiJkc3VPbjJsTjRYcmpETld5'
      + 'ZmpNMnJBPT0iLCJkb3VibGVXcmFwcGluZyI6ZmFsc2V9AKrG95CPOCjevyh5DVJSNGsSLV2YFzzFVmDD4aybAgAAUEFSMQ==',
    'base64',
  ),
} as const;
